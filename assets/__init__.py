"""Data the program ships with: the built-in model."""
