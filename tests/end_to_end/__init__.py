"""Whole runs, from the task to the delivery."""
