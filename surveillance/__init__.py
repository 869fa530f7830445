"""Surveillance: judges what the models found, stores it and serves it to people."""

from importlib.metadata import version

from surveillance.compiled import find_cache

__version__ = version("exchange-surveillance")

find_cache()  # before the first compiled loop is imported
