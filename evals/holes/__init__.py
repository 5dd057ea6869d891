"""How many of the functions that are left to a model get written, and by whom."""
