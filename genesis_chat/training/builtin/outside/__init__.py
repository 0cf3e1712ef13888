"""What the built-in model cannot do: kinds of prompts, and what it says then."""
