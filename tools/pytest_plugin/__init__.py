"""What runs inside the sandbox, beside a workspace's tests; imports nothing from the rest of `tools`."""
