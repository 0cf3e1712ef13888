"""The configuration of an ordinary decoder, read from a Hugging Face config.json."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from ..errors import ConfigError, UnsupportedError
from .fields import MAX_LAYERS, MAX_WIDTH, Fields
from .rotary import Rotary

MODEL_TYPES = ("llama", "mistral", "qwen2", "qwen3", "smollm3")
# What transformers takes where a file says nothing. Files older than the field lack
# the base; any other family has always had it.
THETA: dict[str, float] = {"llama": 10_000.0, "mistral": 10_000.0}
HEAD_DIM = {"qwen3": 128}
NO_ROPE_INTERVAL = 4


@dataclass(frozen=True)
class DecoderArgs:
    """Blocks of causal attention and SwiGLU with plain RMS norms.

    The first fields are named as in `config.json`; widths are counted in elements,
    `max_position_embeddings` in tokens. `tie_word_embeddings` is None where the file
    leaves it to the weights. `qk_norm` is a norm of each head of queries and keys
    before they are turned. `turned` tells for each block whether its positions are
    rotary or it has none, `windows` how many tokens back it sees, its own among
    them, 0 for all.
    """

    model_type: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    rms_norm_eps: float
    tie_word_embeddings: bool | None
    qkv_bias: bool
    output_bias: bool
    mlp_bias: bool
    qk_norm: bool
    rotary: Rotary
    turned: tuple[bool, ...]
    windows: tuple[int, ...]

    def __post_init__(self) -> None:
        heads, shared = self.num_attention_heads, self.num_key_value_heads
        if heads % shared:
            raise ConfigError(
                f"num_attention_heads={heads} is not a multiple of "
                f"num_key_value_heads={shared}."
            )
        if self.head_dim % 2:
            raise ConfigError(f"head_dim must be even, not {self.head_dim}.")
        if heads * self.head_dim > MAX_WIDTH:
            raise ConfigError(
                f"head_dim must give at most {MAX_WIDTH} columns with {heads} heads."
            )

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Read a `config.json` of one of `MODEL_TYPES`; what it need not is ignored.

        Raises `UnsupportedError` for what another backend may run, `ConfigError` for
        a field that is missing or wrong, which it names.
        """
        fields = Fields(config)
        kind = fields.text("model_type")
        if kind not in MODEL_TYPES:
            raise UnsupportedError(
                f"Models of type {kind!r} are not supported by the CPU backend."
            )
        activation = fields.text("hidden_act", "silu")
        if activation != "silu":
            raise UnsupportedError(
                f"hidden_act={activation!r} is not supported by the CPU backend."
            )
        width = fields.whole("hidden_size", most=MAX_WIDTH)
        heads = fields.whole("num_attention_heads", most=MAX_WIDTH)
        if not (fields.has("head_dim") or kind in HEAD_DIM) and width % heads:
            raise ConfigError(
                f"hidden_size={width} is not a multiple of "
                f"num_attention_heads={heads}, and head_dim is missing."
            )
        head_dim = HEAD_DIM.get(kind, max(width // heads, 1))
        layers = fields.whole("num_hidden_layers", most=MAX_LAYERS)
        bias = kind != "qwen2" and fields.flag("attention_bias", False)
        tied = fields.has("tie_word_embeddings")
        return cls(
            model_type=kind,
            vocab_size=fields.whole("vocab_size"),
            hidden_size=width,
            intermediate_size=fields.whole("intermediate_size", most=MAX_WIDTH),
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=fields.whole("num_key_value_heads", heads),
            head_dim=fields.whole("head_dim", head_dim, MAX_WIDTH),
            max_position_embeddings=fields.whole("max_position_embeddings"),
            rms_norm_eps=fields.positive("rms_norm_eps", 1e-6),
            tie_word_embeddings=fields.flag("tie_word_embeddings") if tied else None,
            qkv_bias=kind == "qwen2" or bias,
            output_bias=bias,
            mlp_bias=fields.flag("mlp_bias", False),
            qk_norm=kind == "qwen3",
            rotary=Rotary.from_fields(fields, THETA.get(kind)),
            turned=_turned(fields, kind, layers),
            windows=_windows(fields, kind, layers),
        )

    def to_config(self) -> dict[str, Any]:
        """Every field by name, as JSON has it: tells models of other shapes apart."""
        return asdict(self)


def _turned(fields: Fields, kind: str, layers: int) -> tuple[bool, ...]:
    """smollm3 leaves the positions out of every fourth block, or of those listed."""
    if kind != "smollm3":
        return (True,) * layers
    if not fields.has("no_rope_layers"):
        interval = fields.whole("no_rope_layer_interval", NO_ROPE_INTERVAL)
        return tuple((index + 1) % interval != 0 for index in range(layers))
    listed = fields.listed("no_rope_layers", layers)
    if any(entry not in (0, 1) for entry in listed):
        raise ConfigError("no_rope_layers must be a list of 0 and 1.")
    return tuple(bool(entry) for entry in listed)


def _windows(fields: Fields, kind: str, layers: int) -> tuple[int, ...]:
    """How far each block sees; a switch that is off or no window at all is 0."""
    everywhere = kind == "mistral" and not fields.has("layer_types")
    if kind in ("qwen2", "qwen3", "smollm3"):
        if not fields.flag("use_sliding_window", False):
            return (0,) * layers
        if not fields.has("layer_types"):
            raise UnsupportedError(
                "use_sliding_window=true without layer_types is not supported by the "
                "CPU backend."
            )
    if everywhere:
        window = fields.whole("sliding_window") if fields.has("sliding_window") else 0
        return (window,) * layers
    if not fields.has("layer_types"):
        return (0,) * layers
    kinds = fields.listed("layer_types", layers)
    if any(entry not in ("full_attention", "sliding_attention") for entry in kinds):
        raise UnsupportedError(
            "layer_types other than full_attention and sliding_attention are not "
            "supported by the CPU backend."
        )
    if "sliding_attention" not in kinds:
        return (0,) * layers
    window = fields.whole("sliding_window")
    return tuple(window if entry == "sliding_attention" else 0 for entry in kinds)
