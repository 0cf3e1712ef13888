"""Numbers that say where a subject ends."""

# Of the times tables; a product of larger ones is outside.
LARGEST_FACTOR = 12
