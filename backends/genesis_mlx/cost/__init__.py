"""What a decoded token costs on Apple's GPU, computed without one."""

from .report import Cost, CostReport, cost_report
from .roofline import BANDWIDTHS, milliseconds

__all__ = ["BANDWIDTHS", "Cost", "CostReport", "cost_report", "milliseconds"]
