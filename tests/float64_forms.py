"""The operators' definitions in NumPy's float64, from their equations.

Arguments and results have the shapes of the operators, as tuples of outputs.
"""

import numpy as np
from numpy.typing import NDArray

Wide = NDArray[np.float64]


def silu(x: Wide) -> Wide:
    return np.asarray(x / (1 + np.exp(-x)))


def heads_of(x: Wide, heads: int, repeat: bool = False) -> Wide:
    """Keys or values [B, L, Hk, D] for every query head."""
    groups = heads // x.shape[2]
    return x.repeat(groups, axis=2) if repeat else np.tile(x, (1, 1, groups, 1))


def gated_linear_attention(
    q: Wide, k: Wide, v: Wide, log_decay: Wide, state: Wide
) -> tuple[Wide, ...]:
    return _scan(q, k, v, log_decay, None, state)


def gated_delta_rule(
    q: Wide, k: Wide, v: Wide, log_decay: Wide, beta: Wide, state: Wide
) -> tuple[Wide, ...]:
    return _scan(q, k, v, log_decay, beta, state)


def _scan(
    q: Wide, k: Wide, v: Wide, log_decay: Wide, beta: Wide | None, state: Wide
) -> tuple[Wide, ...]:
    k, v = heads_of(k, q.shape[2]), heads_of(v, q.shape[2])
    outputs = []
    for t in range(q.shape[1]):
        state = np.exp(log_decay[:, t])[..., None, None] * state
        new = v[:, t]
        if beta is not None:
            read = np.einsum("bhk,bhkv->bhv", k[:, t], state)
            new = beta[:, t][..., None] * (new - read)
        state = state + k[:, t][..., None] * new[:, :, None]
        outputs.append(np.einsum("bhk,bhkv->bhv", q[:, t], state) * q.shape[3] ** -0.5)
    return np.stack(outputs, 1), state


def forgetting_attention(
    q: Wide, k: Wide, v: Wide, log_forget: Wide, decay: Wide
) -> tuple[Wide, ...]:
    heads, first = q.shape[2], k.shape[1] - q.shape[1]
    k = heads_of(k, heads, repeat=True)
    outputs = []
    for i in range(q.shape[1]):
        own = np.zeros((*decay.shape[:2], 1))
        decay = np.concatenate([decay + log_forget[:, i, :, None], own], -1)
        seen = first + i + 1
        scores = np.einsum("bhd,bjhd->bhj", q[:, i], k[:, :seen]) * q.shape[3] ** -0.5
        powers = np.exp(scores + decay - (scores + decay).max(-1, keepdims=True))
        share = powers / powers.sum(-1, keepdims=True)
        outputs.append(np.einsum("bhj,bjhd->bhd", share, v[:, :seen]))
    return np.stack(outputs, 1), decay


def test_time_training(
    h: Wide, y0: Wide, rate: Wide, gradient_sum: Wide, offset: int
) -> tuple[Wide, ...]:
    gradients = h * (y0 - h)
    before = gradient_sum[:, None] + np.cumsum(gradients, 1) - gradients
    damping = 1 + 0.1 * np.log(offset + 1 + np.arange(h.shape[1]))
    out = y0 - h * rate * before / damping[:, None]
    return out, gradient_sum + gradients.sum(1)


# The name begins with what pytest looks for.
test_time_training.__test__ = False  # type: ignore[attr-defined]


def confidence_mix(
    x: Wide,
    adapted: Wide,
    expected: Wide,
    logit: Wide,
    confidence_sum: Wide,
    offset: int,
    strength: float,
) -> tuple[Wide, ...]:
    confidence = 1 / (1 + np.exp(-logit))
    sums = confidence_sum[:, None] + np.cumsum(confidence, 1)
    share = strength * sums / (offset + 1 + np.arange(x.shape[1]))
    mixed = share[..., None] * adapted + (1 - share[..., None]) * x
    surprise = ((expected - adapted) ** 2).mean(-1)
    return mixed, sums[:, -1], surprise, confidence, share


def short_convolution(x: Wide, weight: Wide, state: Wide) -> tuple[Wide, ...]:
    padded = np.concatenate([state, x], 1)
    length, taps = x.shape[1], enumerate(weight)
    return sum(padded[:, w : w + length] * tap for w, tap in taps), padded[:, length:]


def selective_swiglu(projected: Wide, keep: int) -> tuple[Wide, ...]:
    gate, up = np.split(projected, 2, -1)
    return selective_activation(silu(gate) * up, keep)


def selective_activation(hidden: Wide, keep: int) -> tuple[Wide, ...]:
    ranks = np.argsort(np.argsort(-np.abs(hidden), -1), -1)
    return (np.where(ranks < keep, hidden, 0.0),)


def rms_norm(x: Wide, gain: Wide, eps: float) -> tuple[Wide, ...]:
    return (x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * gain,)


def l2_norm(x: Wide, eps: float) -> tuple[Wide, ...]:
    return (x / (np.sqrt((x**2).sum(-1, keepdims=True)) + eps),)


def rotary(x: Wide, width: int, offset: int, base: float) -> tuple[Wide, ...]:
    powers = base ** (-2 * np.arange(width // 2) / width)
    angles = (offset + np.arange(x.shape[1]))[:, None, None] * powers
    first, second, rest = np.split(x, [width // 2, width], -1)
    cos, sin = np.cos(angles), np.sin(angles)
    turned = [first * cos - second * sin, second * cos + first * sin, rest]
    return (np.concatenate(turned, -1),)
