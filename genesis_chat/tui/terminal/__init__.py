"""The terminal: what it sends, what it gets, and what the program changes of it."""
