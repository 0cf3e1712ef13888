"""int8 weights of ordinary decoders: a scale for each group of a row."""

# Consecutive weights of a row that share a scale; the last group may be shorter.
GROUP = 64
