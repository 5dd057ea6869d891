"""Valkey, or Redis: found, started, and guarded."""
