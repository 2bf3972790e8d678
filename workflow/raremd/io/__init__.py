"""Files: atomic writing, checked reading, provenance, logs, progress."""
