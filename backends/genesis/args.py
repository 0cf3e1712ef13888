"""The model's configuration: the reference's field names, checked and frozen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from ..errors import ConfigError
from .fields import TRAINING_ONLY, checked_field

LayerKind = Literal["gla", "fox", "attention"]

# Bounds on what a damaged configuration can make a reader enumerate.
MAX_LAYERS = 1024
MAX_WIDTH = 2**20


@dataclass(frozen=True)
class ModelArgs:
    """A Genesis configuration; the defaults are those of the reference.

    Field names are the keys of the checkpoint's `genesis_config_json`. Widths are
    counted in elements, `block_size` in tokens. Raises `ConfigError` naming the
    field when a combination cannot be run.
    """

    vocab_size: int = 50304
    n_embd: int = 768
    n_layer: int = 12
    block_size: int = 1024
    n_head: int = 12
    n_kv_head: int = 4
    norm_eps: float = 1e-6
    tie_word_embeddings: bool = True
    use_zero_centered_norm: bool = True
    use_hybrid_layout: bool = True
    hybrid_full_attn_ratio: float = 0.25
    use_gla: bool = True
    gla_expand_k: float = 1.0
    gla_expand_v: float = 1.0
    gla_use_short_conv: bool = True
    gla_conv_size: int = 4
    gla_qk_norm: str = "l2"
    gla_use_mamba_gate: bool = True
    gla_gate_logit_normalizer: float = 16
    gla_fuse_norm_gate: bool = True
    use_fox: bool = True
    use_fox_pro: bool = True
    use_ttt: bool = True
    ttt_rank: int = 8
    ttt_inner_lr: float = 0.01
    ttt_mode: str = "dual"
    ttt_inference_fast_path: bool = True
    ttt_strength: float = 0.2
    use_selective_activation: bool = True
    selective_k_ratio: float = 0.5
    use_mup: bool = False
    mup_base_width: int = 256
    mup_output_mult: float = 1.0

    def __post_init__(self) -> None:
        for name in (
            "vocab_size",
            "n_embd",
            "n_layer",
            "block_size",
            "n_head",
            "n_kv_head",
            "norm_eps",
            "ttt_rank",
            "mup_base_width",
            "gla_gate_logit_normalizer",
        ):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be greater than 0.")
        for name, bound in (
            ("n_layer", MAX_LAYERS),
            ("n_embd", MAX_WIDTH),
            ("ttt_rank", MAX_WIDTH),
            ("gla_conv_size", MAX_WIDTH),
            ("vocab_size", 2**31 - 1),
            ("block_size", 2**31 - 1),
        ):
            if getattr(self, name) > bound:
                raise ConfigError(f"{name} must be at most {bound}.")
        if not self.use_gla:
            raise ConfigError(
                "use_gla=false is not supported: without gated linear attention "
                "the model is not a Genesis hybrid."
            )
        if self.ttt_mode != "dual":
            raise ConfigError(
                f"ttt_mode={self.ttt_mode!r} is not supported; only 'dual' is."
            )
        if not self.ttt_inference_fast_path:
            raise ConfigError(
                "ttt_inference_fast_path=false is not supported: no released model "
                "projects the queries, keys and values of test-time training."
            )
        if self.n_embd % self.n_head:
            raise ConfigError(
                f"n_embd={self.n_embd} is not a multiple of n_head={self.n_head}."
            )
        if self.n_head % self.n_kv_head:
            raise ConfigError(
                f"n_head={self.n_head} is not a multiple of n_kv_head={self.n_kv_head}."
            )
        if not 0 <= self.hybrid_full_attn_ratio <= 1:
            raise ConfigError("hybrid_full_attn_ratio must lie between 0 and 1.")
        if self.gla_use_short_conv and self.gla_conv_size < 2:
            raise ConfigError("gla_conv_size must be at least 2.")
        for name, expand in (
            ("gla_expand_k", self.gla_expand_k),
            ("gla_expand_v", self.gla_expand_v),
        ):
            width = int(min(self.n_embd * expand, MAX_WIDTH + 1))
            if width > MAX_WIDTH:
                raise ConfigError(f"{name} must give at most {MAX_WIDTH} columns.")
            if width <= 0 or width % self.n_head:
                raise ConfigError(
                    f"{name}={expand} gives {width} columns, which {self.n_head} "
                    "heads cannot share equally."
                )
        if self.has_attention and not self.use_fox and self.head_dim % 2:
            raise ConfigError(f"use_fox=false needs even heads, not {self.head_dim}.")

    @property
    def head_dim(self) -> int:
        """Width of a head of the block: n_embd // n_head."""
        return self.n_embd // self.n_head

    @property
    def gla_key_dim(self) -> int:
        """Dk of gated linear attention."""
        return int(self.n_embd * self.gla_expand_k) // self.n_head

    @property
    def gla_value_dim(self) -> int:
        """Dv of gated linear attention."""
        return int(self.n_embd * self.gla_expand_v) // self.n_head

    @property
    def gla_qk_width(self) -> int:
        """Columns of q and k of gated linear attention."""
        return (self.n_head + self.n_kv_head) * self.gla_key_dim

    @property
    def gla_conv_width(self) -> int:
        """Columns of q, k and v, which its short convolution goes over."""
        return self.gla_qk_width + self.n_kv_head * self.gla_value_dim

    @property
    def gla_width(self) -> int:
        """Columns of what its heads give together: H Dv."""
        return self.n_head * self.gla_value_dim

    @property
    def gla_rotary_width(self) -> int:
        """Rotated channels of a query or key: half of them, an even number."""
        return self.gla_key_dim // 4 * 2

    @property
    def fox_conv_width(self) -> int:
        """Columns of k and v, which its short convolution goes over."""
        return (self.n_kv_head + self.n_head) * self.head_dim

    @property
    def gla_in_width(self) -> int:
        """Rows of its merged projection: q, k, v and the output gate."""
        return self.gla_conv_width + self.gla_width

    @property
    def fox_in_width(self) -> int:
        """Rows of FoX's merged projection: q, k, v and, "Pro", the output gate."""
        gates = 2 if self.use_fox_pro else 1
        return gates * self.n_embd + self.fox_conv_width

    @property
    def attention_in_width(self) -> int:
        """Rows of the merged projection without FoX: q, k, v and the output gate."""
        return 2 * (self.n_head + self.n_kv_head) * self.head_dim

    @property
    def ffn_width(self) -> int:
        """F, the feed-forward width: int(2.5 D)."""
        return int(self.n_embd * 2.5)

    @property
    def ffn_keep(self) -> int:
        """Hidden values of a token that selective activation lets pass, at most F."""
        ratio = self.selective_k_ratio
        if not self.use_selective_activation or ratio >= 1:
            return self.ffn_width
        return max(1, int(self.ffn_width * ratio)) if ratio > 0 else 0

    @property
    def attention_value_heads(self) -> int:
        """Heads of v in blocks of softmax attention: FoX shares keys only."""
        return self.n_head if self.use_fox else self.n_kv_head

    @property
    def has_attention(self) -> bool:
        """Whether any block is softmax attention."""
        return any(kind != "gla" for kind in self.layer_kinds)

    @property
    def layer_kinds(self) -> tuple[LayerKind, ...]:
        """The mixer of every block, first block first.

        Block i is softmax attention when i + 1 is a multiple of int(1 / ratio).
        """
        kinds: list[LayerKind] = ["gla"] * self.n_layer
        if self.use_hybrid_layout and self.hybrid_full_attn_ratio > 0:
            interval = int(min(1 / self.hybrid_full_attn_ratio, self.n_layer + 1))
            for index in range(interval - 1, self.n_layer, interval):
                kinds[index] = "fox" if self.use_fox else "attention"
        return tuple(kinds)

    @property
    def output_scale(self) -> float:
        """Factor on the last hidden vector before the head (muP)."""
        if not self.use_mup:
            return 1.0
        return self.mup_output_mult / (self.n_embd / self.mup_base_width)

    @classmethod
    def released(cls) -> Self:
        """The configuration of Genesis-152M-Instruct, as its model card gives it."""
        return cls(
            vocab_size=50279,
            n_embd=576,
            n_layer=30,
            block_size=2048,
            n_head=9,
            n_kv_head=3,
            gla_expand_k=0.75,
            gla_expand_v=1.5,
            ttt_rank=4,
            use_selective_activation=True,
            selective_k_ratio=0.85,
            use_mup=True,
        )

    @classmethod
    def from_config(
        cls, config: Mapping[str, object], *, accept_unknown: bool = False
    ) -> Self:
        """Read a configuration, ignoring the fields that only training uses.

        Raises `ConfigError` for a field of the wrong type, a combination that
        cannot be run, or, unless `accept_unknown`, a field nobody knows.
        """
        known = {field.name: field.type for field in fields(cls)}
        unknown = tuple(sorted(config.keys() - known.keys() - TRAINING_ONLY))
        if unknown and not accept_unknown:
            raise ConfigError(
                f"The configuration has fields that are not known: "
                f"{', '.join(unknown)}; pass --accept-unknown to ignore them.",
                unknown,
            )
        return cls(
            **{
                name: checked_field(name, kind, config[name])
                for name, kind in known.items()
                if name in config
            }
        )

    def to_config(self) -> dict[str, Any]:
        """The fields as they are written to `config.json`."""
        return asdict(self)
