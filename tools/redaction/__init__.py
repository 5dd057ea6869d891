"""Secrets: how they are recognised, and how they are kept out of everything that is written or sent."""
