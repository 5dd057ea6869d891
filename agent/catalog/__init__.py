"""The catalog: the supplied DDL, run on a real PostgreSQL and read back."""
