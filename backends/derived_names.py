"""What a backend calls the weights that it makes of a model's and keeps beside them."""

# One file for each dtype that they are made for.
DERIVED_FILES = {n: f"model.cpu-{n}.safetensors" for n in ("int8", "int4")}
