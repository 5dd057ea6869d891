"""The task: what a coordinator hands over."""
