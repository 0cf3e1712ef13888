"""What is the same for Genesis in every backend."""

from .features import DELTA_RULE, TTT, check_model_switches, features
from .language_model import GenesisModel

__all__ = ["DELTA_RULE", "TTT", "GenesisModel", "check_model_switches", "features"]
