"""Which model a checkpoint holds: from its metadata, else from its tensors' shapes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from backends.errors import ConfigError
from backends.genesis.args import ModelArgs

from .errors import ConversionError, shown
from .header import Header
from .names import block_index, is_buffer, place
from .problems import ADAPTER, OTHER_FAMILY, holds_adapter

METADATA_KEY = "genesis_config_json"


@dataclass(frozen=True)
class Configuration:
    """A model's configuration and where it came from.

    `corrected` lists, for an assumed configuration, the fields whose released value
    the tensors contradict; `unknown` the metadata's fields nobody knows.
    """

    args: ModelArgs
    provenance: Literal["metadata", "assumed"]
    corrected: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def configuration(
    file_name: str, header: Header, alias: Callable[[], bool]
) -> Configuration:
    """The configuration of a checkpoint.

    Args:
        file_name: named in errors.
        header: the checkpoint's header.
        alias: whether `lm_head.weight` equals `tok_emb.weight`; asked only when
            both are there and no metadata says.

    Raises:
        ConversionError: the metadata is damaged, or no configuration fits.
    """
    text = header.metadata.get(METADATA_KEY)
    if text is not None:
        return _from_metadata(file_name, text)
    shapes = {k: v.shape for k, v in header.tensors.items() if not is_buffer(k)}
    if not any(place(name) for name in shapes):
        advice = ADAPTER if holds_adapter(shapes) else OTHER_FAMILY
        raise ConversionError(
            f"{shown(file_name)} holds none of a Genesis model's tensors. {advice}"
        )
    released = ModelArgs.released()
    fields = _from_shapes(released, shapes, alias)
    corrected = {k: v for k, v in fields.items() if getattr(released, k) != v}
    try:
        if empty := [k for k, v in corrected.items() if not v and v is not False]:
            raise ConfigError(f"{', '.join(empty)} would be 0.")
        args = replace(released, **corrected)
    except ConfigError as error:
        raise ConversionError(
            f"{shown(file_name)} has no {METADATA_KEY} in its metadata and the shapes "
            f"of its tensors fit no Genesis model: {error}"
        ) from error
    return Configuration(args, "assumed", tuple(sorted(corrected)))


def _from_metadata(file_name: str, text: str) -> Configuration:
    where = f"{shown(file_name)}: {METADATA_KEY} in the metadata"
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConversionError(f"{where} is not valid JSON.") from error
    if not isinstance(config, dict):
        raise ConversionError(f"{where} is not a JSON object.")
    unknown: tuple[str, ...] = ()
    try:
        args = ModelArgs.from_config(config)
    except ConfigError as error:
        if not error.unknown:
            raise ConversionError(f"{where} cannot be used: {error}") from error
        unknown = error.unknown
        try:
            args = ModelArgs.from_config(config, accept_unknown=True)
        except ConfigError as second:
            raise ConversionError(f"{where} cannot be used: {second}") from second
    return Configuration(args, "metadata", unknown=unknown)


def _from_shapes(
    released: ModelArgs,
    shapes: Mapping[str, tuple[int, ...]],
    alias: Callable[[], bool],
) -> dict[str, Any]:
    """Every field the shapes determine; a tensor that is missing determines none."""
    found: dict[str, Any] = {}
    if len(embedding := shapes.get("tok_emb.weight", ())) == 2:
        found["vocab_size"], found["n_embd"] = embedding
    width = found.get("n_embd", released.n_embd)
    blocks: dict[int, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        if (index := block_index(name)) is not None:
            blocks.setdefault(index, {})[name.split(".", 2)[2]] = shape
    if blocks:
        found["n_layer"] = max(blocks) + 1
        found |= _layers(width, blocks)
    if "ln_f.omega" in shapes or "ln_f.weight" in shapes:
        found["use_zero_centered_norm"] = "ln_f.omega" in shapes
    found["use_ttt"] = any(name.startswith("metacognition.") for name in shapes)
    if len(rank := shapes.get("metacognition.ttt.A_init", ())) == 2:
        found["ttt_rank"] = rank[1]
    found["tie_word_embeddings"] = "lm_head.weight" not in shapes or alias()
    return found


def _layers(
    width: int, blocks: Mapping[int, Mapping[str, tuple[int, ...]]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    linear = [b for b in blocks.values() if "attn.b_proj.weight" in b]
    softmax = {i: b for i, b in blocks.items() if "attn.b_proj.weight" not in b}
    found["use_hybrid_layout"] = bool(softmax)
    if softmax:
        found["hybrid_full_attn_ratio"] = _ratio(min(softmax) + 1)
        forgetting = [b for b in softmax.values() if "attn.fgate_proj.weight" in b]
        found["use_fox"] = bool(forgetting)
        if forgetting:
            found["use_fox_pro"] = any(
                "attn.ogate_proj.weight" in b for b in forgetting
            )
    heads = next(
        (
            b[name][0]
            for b in blocks.values()
            for name in ("attn.b_proj.weight", "attn.fgate_proj.weight")
            if b.get(name)
        ),
        None,
    )
    if heads:
        found["n_head"] = heads
    if linear:
        found |= _linear_attention(width, heads, linear[0])
    elif heads and (keys := next(iter(softmax.values())).get("attn.k_proj.weight")):
        found["n_kv_head"] = max(1, keys[0] * heads // width) if width else 0
    return found


def _linear_attention(
    width: int, heads: int | None, block: Mapping[str, tuple[int, ...]]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "gla_use_short_conv": "attn.conv_q.conv.weight" in block,
        "gla_use_mamba_gate": "attn.A_log" in block,
        "gla_fuse_norm_gate": "attn.g_norm.weight" not in block,
    }
    if "attn.q_norm.weight" in block:
        found["gla_qk_norm"] = "rms"
    if len(kernel := block.get("attn.conv_q.conv.weight", ())) == 3:
        found["gla_conv_size"] = kernel[2]
    rows = {
        name: shape[0]
        for name in ("q", "k", "g")
        if len(shape := block.get(f"attn.{name}_proj.weight", ())) == 2
    }
    if "q" in rows:
        found["gla_expand_k"] = _expansion(rows["q"], width)
    if "g" in rows:
        found["gla_expand_v"] = _expansion(rows["g"], width)
    if heads and rows.get("q") and rows.get("k"):
        found["n_kv_head"] = max(1, heads * rows["k"] // rows["q"])
    return found


def _expansion(rows: int, width: int) -> float:
    """A factor with int(width * factor) == rows, exact where floats allow it."""
    if not rows or not width:
        return 0.0
    factor = rows / width
    return factor if int(width * factor) == rows else (rows + 0.5) / width


def _ratio(interval: int) -> float:
    """A ratio with int(1 / ratio) == interval."""
    ratio = 1 / interval
    return ratio if int(1 / ratio) == interval else 1 / (interval + 0.5)
