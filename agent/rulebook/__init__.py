"""The rulebook: every rule of the persona, with its id."""
