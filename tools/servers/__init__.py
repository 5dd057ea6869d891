"""What servers that the runtime starts have in common: programs, surroundings, folders, processes."""
