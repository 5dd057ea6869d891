"""Typed clients of an API, written from its contract."""
