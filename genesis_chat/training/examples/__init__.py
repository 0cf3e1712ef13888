"""Examples of what a model can be taught, with data made from a seed."""
