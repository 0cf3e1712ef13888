"""What works beside the interface: turns, the history, downloads."""
