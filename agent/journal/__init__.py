"""The journal: the append-only record of a run."""
