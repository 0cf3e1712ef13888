"""What a Genesis model can do besides generating."""

from collections.abc import Collection

from ..contract import Features
from ..errors import ConfigError
from .args import ModelArgs
from .switches import DELTA_RULE, TTT


def features(args: ModelArgs) -> Features:
    """Its states are sums over the text, so that nothing can be taken back."""
    switches = (TTT, DELTA_RULE) if args.use_ttt else (DELTA_RULE,)
    return Features(can_trim=False, readings=True, switches=switches)


def check_model_switches(names: Collection[str]) -> None:
    """Raise `ConfigError` for one that cannot be chosen when a model is loaded."""
    for name in names:
        if name != DELTA_RULE.name:
            raise ConfigError(f"Genesis is not loaded with a switch {name!r}.")
