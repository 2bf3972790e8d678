"""The version, kept below `raremd.io` so that a release does not make results stale."""

__version__ = "0.2.0"
