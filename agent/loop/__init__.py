"""The loop: what to do next, decided from what has happened."""
