"""A runtime for one AI coding agent: the backend developer."""

__version__ = "0.1.0"
