"""The spans of the runtime itself: made, and sent where somebody asks for them."""
