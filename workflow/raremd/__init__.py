"""Does a language model learn the slow dynamics of a molecular system?"""

from raremd.io.version import __version__

__all__ = ["__version__"]
