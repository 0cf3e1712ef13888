"""Fields of a Genesis configuration: which to ignore, and reading one."""

from typing import Any

from ..errors import ConfigError

# Fields of the reference that change nothing at inference: training schedules,
# initialisation, execution choices, and gates its forward pass never reads.
TRAINING_ONLY = frozenset(
    {
        "head_dim",
        "dropout",
        "init_std",
        "use_gradient_checkpointing",
        "use_fused_norm",
        "use_segment_recurrence",
        "segment_state_detach",
        "selective_use_soft_mask",
        "selective_mask_temperature",
        "selective_warmup_steps",
        "selective_sparsify_steps",
        "selective_schedule",
        "selective_activation_in_eval",
        "mup_embed_mult",
        "gla_gate_fn",
        "gla_chunk_size",
        "gla_use_delta_rule",
        "gla_use_dynamic_lr",
        "ttt_chunk_size",
    }
)


WORDS = {
    bool: "true or false",
    str: "a text",
    float: "a number",
    int: "a whole number",
}


def checked_field(name: str, kind: Any, value: object) -> Any:
    """A field's value as its type. Raises `ConfigError` naming the field."""
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Beyond this an integer has no float, and no field has such a value.
        if kind is float and abs(value) < 1e300:
            return float(value)
        if kind is int and abs(value) < 2**53 and value == int(value):
            return int(value)
    shown = repr(value)
    shown = shown if len(shown) <= 40 else f"{shown[:40]}…"
    large = type(value) is int and kind is int
    words = "a smaller number" if large else WORDS[kind]
    raise ConfigError(f"{name} must be {words}, not {shown}.")
