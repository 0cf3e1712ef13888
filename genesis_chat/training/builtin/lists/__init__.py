"""Lists that the subjects draw from."""
