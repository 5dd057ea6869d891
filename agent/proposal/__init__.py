"""A schema for a contract that came without one, read from the contract alone."""
