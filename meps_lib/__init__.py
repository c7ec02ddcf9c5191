"""Latent emotion from micro-expressions and physiology: the library of the MEPS book."""

__version__ = "0.1.0"
