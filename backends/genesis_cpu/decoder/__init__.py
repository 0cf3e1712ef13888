"""Ordinary decoders in NumPy and Numba: llama, mistral, qwen2, qwen3, smollm3."""
