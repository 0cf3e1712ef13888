"""Operators: compiled loops over rows of numbers, with the names of the MLX backend.

Arrays are float32 and C-contiguous unless said otherwise. Every kernel works on L
tokens and updates the state it is given in place, so that a prompt in one call, a
prompt in parts and one token at a time run the same code.
"""
