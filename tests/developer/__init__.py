"""The developer on real workspaces, in the real sandbox, driven by scripted models."""
