"""Screens: each has its stylesheet beside it and decides what its widgets ask for."""
