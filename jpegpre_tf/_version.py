"""The version, read as text by setup.py, so that building never imports the package."""

__version__ = "0.1.0"
