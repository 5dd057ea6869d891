"""What the model may call, and what runs it. Imports nothing from `agent`."""
