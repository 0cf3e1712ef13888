"""What is the same for Genesis in every backend."""
