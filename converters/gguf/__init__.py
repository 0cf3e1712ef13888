"""GGUF files, which llama.cpp reads, as directories that mlx-lm reads.

`header` reads what a file holds, `architecture` says what that is as a configuration,
`plan` what becomes of each tensor, `tokenizer` builds the tokenizer, and `conversion`
writes it all.
"""
