"""What can be switched on in a Genesis model."""

from ..contract import Switch

TTT = Switch(
    "ttt",
    "test-time training",
    "state",
    "Let the model adapt as it reads (test-time training).",
)
DELTA_RULE = Switch(
    "delta_rule",
    "delta rule",
    "model",
    "Use the gated delta rule in gated linear attention (experimental).",
)
SWITCHES = (TTT, DELTA_RULE)
