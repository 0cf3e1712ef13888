"""What a decoded token costs on Apple's GPU, computed without one."""

from .token_costs import token_costs

__all__ = ["token_costs"]
