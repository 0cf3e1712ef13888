"""Widgets: each shows what it is given and says what a person does with it."""
