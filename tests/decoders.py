"""A llama-like decoder in NumPy, as its file has it: the oracle of conversions."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]


def logits(
    weights: Arrays,
    ids: Sequence[int],
    *,
    names: Mapping[str, str],
    heads: int,
    groups: int,
    width: int,
    layers: int,
    neighbours: bool,
    base: float,
    factors: NDArray[np.float64] | None = None,
    without_positions: Sequence[int] = (),
) -> NDArray[np.float64]:
    """Logits [L, V] of a model whose tensors are found by `names`.

    With `neighbours` the angles turn elements 0 and 1, 2 and 3, ... of a head, as
    ggml does for llama; else 0 and width/2, 1 and width/2 + 1, ...

    RMSNorm eps is 1e-5; `factors` divide the frequencies.
    """
    w = {key: value.astype(np.float64) for key, value in weights.items()}

    def get(name: str, layer: int | None = None) -> NDArray[np.float64] | None:
        key = names[name]
        return w.get(key if layer is None else key.format(layer))

    def norm(
        x: NDArray[np.float64], scale: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        assert scale is not None
        normed: NDArray[np.float64]
        normed = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale
        return normed

    frequencies = base ** (-np.arange(0, width, 2) / width)
    frequencies = frequencies / (1 if factors is None else factors)
    angles = np.arange(len(ids))[:, None] * frequencies
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]

    def turn(x: NDArray[np.float64]) -> NDArray[np.float64]:
        if neighbours:
            one, two = x[..., 0::2], x[..., 1::2]
            turned = np.stack([one * cos - two * sin, one * sin + two * cos], -1)
            return turned.reshape(x.shape)
        one, two = np.split(x, 2, -1)
        return np.concatenate([one * cos - two * sin, one * sin + two * cos], -1)

    def product(x: NDArray[np.float64], name: str, layer: int) -> NDArray[np.float64]:
        matrix, bias = get(name, layer), get(f"{name} bias", layer)
        assert matrix is not None
        return x @ matrix.T + (0 if bias is None else bias)

    embedding = get("embedding")
    assert embedding is not None
    x, mask = embedding[list(ids)], np.triu(np.full((len(ids),) * 2, -np.inf), 1)
    for layer in range(layers):
        h = norm(x, get("norm 1", layer))
        q = product(h, "q", layer).reshape(-1, heads, width)
        k = product(h, "k", layer).reshape(-1, groups, width)
        v = product(h, "v", layer).reshape(-1, groups, width)
        if (scale := get("q norm", layer)) is not None:
            q, k = norm(q, scale), norm(k, get("k norm", layer))
        if layer not in without_positions:
            q, k = turn(q), turn(k)
        k, v = (np.repeat(each, heads // groups, axis=1) for each in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(width) + mask
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", shares, v).reshape(len(ids), -1)
        x = x + product(mixed, "o", layer)
        h = norm(x, get("norm 2", layer))
        gate, up = product(h, "gate", layer), product(h, "up", layer)
        x = x + product(gate / (1 + np.exp(-gate)) * up, "down", layer)
    head = get("head")
    return norm(x, get("norm")) @ (embedding if head is None else head).T


GGUF_NAMES = {
    "embedding": "token_embd.weight",
    "norm": "output_norm.weight",
    "head": "output.weight",
    "norm 1": "blk.{}.attn_norm.weight",
    "norm 2": "blk.{}.ffn_norm.weight",
    "q norm": "blk.{}.attn_q_norm.weight",
    "k norm": "blk.{}.attn_k_norm.weight",
}
HUGGING_FACE_NAMES = {
    "embedding": "model.embed_tokens.weight",
    "norm": "model.norm.weight",
    "head": "lm_head.weight",
    "norm 1": "model.layers.{}.input_layernorm.weight",
    "norm 2": "model.layers.{}.post_attention_layernorm.weight",
    "q norm": "model.layers.{}.self_attn.q_norm.weight",
    "k norm": "model.layers.{}.self_attn.k_norm.weight",
}
_MATRICES = {
    "q": ("attn_q", "self_attn.q_proj"),
    "k": ("attn_k", "self_attn.k_proj"),
    "v": ("attn_v", "self_attn.v_proj"),
    "o": ("attn_output", "self_attn.o_proj"),
    "gate": ("ffn_gate", "mlp.gate_proj"),
    "up": ("ffn_up", "mlp.up_proj"),
    "down": ("ffn_down", "mlp.down_proj"),
}
for _name, (_file, _model) in _MATRICES.items():
    for _kind, _label in (("weight", _name), ("bias", f"{_name} bias")):
        GGUF_NAMES[_label] = f"blk.{{}}.{_file}.{_kind}"
        HUGGING_FACE_NAMES[_label] = f"model.layers.{{}}.{_model}.{_kind}"
