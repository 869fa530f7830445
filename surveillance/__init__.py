"""Surveillance: judges what the models found, stores it and serves it to people."""

from importlib.metadata import version

__version__ = version("exchange-surveillance")
