"""One running service with everything recorded: what it is asked, logs, traces, measures and says to its database."""
