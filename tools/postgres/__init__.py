"""PostgreSQL: found, started, and asked."""
