"""The stacks: what differs between languages and frameworks."""
