"""Colours by roles: two themes of our own, and the same roles for every other theme."""
