"""A strict local Anthropic server, and developers that it plays from a script."""
