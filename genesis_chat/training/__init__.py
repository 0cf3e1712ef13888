"""Models trained on this computer."""
