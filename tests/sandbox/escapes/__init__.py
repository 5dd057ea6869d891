"""Attempts to get out of the sandbox, or to use up the machine, each with the reason for which it comes to nothing."""
