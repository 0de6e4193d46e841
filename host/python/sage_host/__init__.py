"""sage-host from Python: `python -m sage_host` is the program, `read_results` its results as a pandas frame."""
from __future__ import annotations

from importlib.metadata import version

from .results import read_results

__all__ = ["read_results"]
__version__ = version("sage-host")
