"""Where code that nobody vouches for runs."""
