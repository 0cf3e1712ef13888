"""What happens to a token's vectors between two matrix products."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, exp, sigmoid, silu, softplus

L2_EPS = np.float32(1e-6)


@kernel
def rms_norm(x, gain, eps, out):
    """out = x / sqrt(mean(x^2) + eps) * gain, for rows of x [L, D], gain [D]."""
    length, width = x.shape
    for t in range(length):
        row, o = x[t], out[t]
        total = np.float32(0)
        for i in range(width):
            total += row[i] * row[i]
        scale = ONE / np.sqrt(total / np.float32(width) + np.float32(eps))
        for i in range(width):
            o[i] = row[i] * scale * gain[i]


@kernel
def convolve(p, start, taps, state, silu_from):
    """Causal depthwise convolution in place, then SiLU.

    Args:
        p: rows [L, n] whose columns from `start` on are the channels.
        start: first channel's column.
        taps: oldest first [W, channels].
        state: the W - 1 inputs before the first row [W - 1, channels]; updated.
        silu_from: first channel that SiLU is applied to.
    """
    length = p.shape[0]
    size, channels = taps.shape
    before = size - 1
    saved = np.empty((before, channels), np.float32)
    for w in range(before):
        t = length - before + w
        source = p[t, start : start + channels] if t >= 0 else state[length + w]
        for c in range(channels):
            saved[w, c] = source[c]
    # Backwards, since a row is an input of the rows after it.
    for back in range(length):
        t = length - 1 - back
        row = p[t, start : start + channels]
        tap = taps[before]
        for c in range(channels):
            row[c] *= tap[c]
        for w in range(before):
            s = t - before + w
            tap = taps[w]
            source = p[s, start : start + channels] if s >= 0 else state[s + before]
            for c in range(channels):
                row[c] += source[c] * tap[c]
        # A loop that does not begin at 0 is not turned into vectors.
        rest = row[silu_from:]
        for c in range(rest.shape[0]):
            rest[c] = silu(rest[c])
    # Assigning whole arrays takes seconds to compile.
    for w in range(before):
        for c in range(channels):
            state[w, c] = saved[w, c]


@kernel
def normalize_heads(p, start, heads, width, gain, eps):
    """Normalise each head of columns start .. start + heads * width in place.

    Without a gain by the L2 norm; else by the root mean square, times the gain, of
    which there are `width` for all heads or heads * width.
    """
    for t in range(p.shape[0]):
        for h in range(heads):
            row = p[t, start + h * width : start + (h + 1) * width]
            total = np.float32(0)
            for i in range(width):
                total += row[i] * row[i]
            if gain.shape[0] == 0:
                scale = ONE / (np.sqrt(total) + L2_EPS)
                for i in range(width):
                    row[i] *= scale
            else:
                first = h * width % gain.shape[0]
                g = gain[first : first + width]
                scale = ONE / np.sqrt(total / np.float32(width) + np.float32(eps))
                for i in range(width):
                    row[i] *= scale * g[i]


@kernel
def rotate(p, start, heads, width, cos, sin):
    """Rotary positions (arXiv 2104.09864, half-split form) in place.

    `cos` and `sin` [L, half] belong to the rows; a head's first 2 * half channels
    turn, the others pass.
    """
    half = cos.shape[1]
    for t in range(p.shape[0]):
        for h in range(heads):
            row = p[t, start + h * width : start + h * width + 2 * half]
            for i in range(half):
                first, second = row[i], row[half + i]
                row[i] = first * cos[t, i] - second * sin[t, i]
                row[half + i] = second * cos[t, i] + first * sin[t, i]


@kernel
def sigmoids(x):
    """1 / (1 + e^-x) in place [L, H]."""
    for t in range(x.shape[0]):
        for h in range(x.shape[1]):
            x[t, h] = sigmoid(x[t, h])


@kernel
def log_decay(gate, rates, bias, normalizer):
    """Gates [L, H] to logs of GLA's decay, in place; `rates` empty is the plain gate.

    -rates * softplus(gate + bias), or logsigmoid(gate) / normalizer.
    """
    length, heads = gate.shape
    for t in range(length):
        for h in range(heads):
            if rates.shape[0]:
                gate[t, h] = -rates[h] * softplus(gate[t, h] + bias[h])
            else:
                gate[t, h] = -softplus(-gate[t, h]) / np.float32(normalizer)


@kernel
def log_forget(gate):
    """Gates [L, H] to logs of FoX's forget gates, in place."""
    length, heads = gate.shape
    for t in range(length):
        for h in range(heads):
            gate[t, h] = -softplus(-gate[t, h])


@kernel
def gate_output(out, p, start, heads, gain, eps):
    """Gate a mixer's outputs [L, heads * width] in place.

    The gates are columns of p from `start` on: with a gain [width], heads are
    normalised by their root mean square and gated by SiLU; without, by a sigmoid.
    """
    width = out.shape[1] // heads
    for t in range(out.shape[0]):
        for h in range(heads):
            o = out[t, h * width : (h + 1) * width]
            g = p[t, start + h * width : start + (h + 1) * width]
            if gain.shape[0] == 0:
                for i in range(width):
                    o[i] *= sigmoid(g[i])
                continue
            total = np.float32(0)
            for i in range(width):
                total += o[i] * o[i]
            scale = ONE / np.sqrt(total / np.float32(width) + np.float32(eps))
            for i in range(width):
                o[i] *= scale * gain[i] * silu(g[i])


@kernel
def silu_rows(x):
    """x sigmoid(x) in place, for x [L, n]."""
    length, width = x.shape
    for t in range(length):
        for i in range(width):
            x[t, i] = silu(x[t, i])


@kernel
def swiglu(p, keep, hidden):
    """hidden [L, F] = silu(gate) * up for p = [gate, up], [L, 2 F].

    Only the `keep` entries of largest magnitude of a row stay; the others are 0.
    """
    length, width = hidden.shape
    for t in range(length):
        row = hidden[t]
        gate, up = p[t, :width], p[t, width : 2 * width]
        for i in range(width):
            g = gate[i]
            row[i] = g / (ONE + exp(-g)) * up[i]
        if keep < width:
            _keep_largest(row, width - keep)


@kernel
def _keep_largest(row, drop):
    """Zero the `drop` entries of smallest magnitude; among equals the first ones.

    Bits of a float without its sign order as the float does. The magnitude that
    divides is found bit by bit: counting what is below a number takes few cycles.
    """
    width = row.shape[0]
    signed, magnitudes = row.view(np.int32), np.empty(width, np.int32)
    for i in range(width):
        magnitudes[i] = signed[i] & 0x7FFFFFFF
    border, fewer = np.int32(0), 0
    for bit in range(30, -1, -1):
        candidate = np.int32(border | (1 << bit))
        below = np.int32(0)
        for i in range(width):
            below += np.int32(magnitudes[i] < candidate)
        if below < drop:
            border, fewer = candidate, below
    for i in range(width):
        row[i] = np.float32(0) if magnitudes[i] < border else row[i]
    equal = drop - fewer
    for i in range(width):
        if magnitudes[i] == border:
            row[i] = 0
            equal -= 1
            if equal == 0:
                break
