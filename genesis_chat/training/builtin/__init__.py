"""The model that comes with the program: what it is taught, and its making."""
