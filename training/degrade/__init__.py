"""Degradations that turn good media into old footage."""
from . import chroma, compress, damage, motion, noise, optics, tone  # noqa: F401  (they register themselves)
from .registry import REGISTRY, degrade

__all__ = ["REGISTRY", "degrade"]
