"""A file of prompts, answered line by line into another file."""

from .lines import Line, parse_lines, read_lines
from .output import Output
from .running import Progress, run

__all__ = ["Line", "Output", "Progress", "parse_lines", "read_lines", "run"]
