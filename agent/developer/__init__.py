"""The developer: a language model with the persona and the tools, working on one assignment at a time."""
