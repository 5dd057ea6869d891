"""The checklist: one module a gate, each a few checks that settle obligations."""
