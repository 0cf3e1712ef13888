"""Rendering a model's own chat template, in a process that can be ended.

A template is a program by whoever made the model. jinja2's sandbox keeps it from
files and the network; loops, recursion and memory are ended with its process.
"""

from .renderer import Renderer, RenderingError

__all__ = ["Renderer", "RenderingError"]
