"""Backends that run Genesis: one package each, chosen by the application."""
