"""Many tokens at once."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..genesis.constants import FOX_CONV_SIZE, FOX_NORM_EPS, GLA_NORM_EPS, ROTARY_BASE
from ..stored_tensors import Float32
from . import layout as at
from .blas import one_thread_each
from .cache import State, kept, to_keep
from .ops.activations import sigmoids, silu_rows
from .ops.confidence_mix import confidence_mix
from .ops.embedding import embed
from .ops.forgetting_attention import forgetting_weights, log_forget
from .ops.gated_delta_rule import gated_delta_rule
from .ops.gated_linear_attention import gated_linear_attention, log_decay
from .ops.norms import layer_norm, normalize_heads, rms_norm
from .ops.output_gate import gate_output
from .ops.rotary import apply_rotary
from .ops.selective_swiglu import selective_swiglu
from .ops.short_convolution import short_convolution
from .ops.test_time_training import test_time_training
from .products import ATTN_IN, ATTN_OUT, FFN_DOWN, FFN_IN, PER_BLOCK
from .program import Program
from .projection import project
from .readings import Trace
from .threads import in_order

# Queries whose scores with all keys are held at once.
QUERIES = 128
# From so many tokens on they are read in two halves, the second a block behind.
WORTH_HALVING = 16
NONE = np.empty(0, np.float32)
# The last of a token's products.
HEAD = -1


def prefill(
    program: Program,
    state: State,
    ids: NDArray[np.int64],
    ttt: bool,
    trace: Trace,
    threads: int,
) -> Float32:
    """Last hidden vectors [L, D] of token ids [L].

    `state` has room for them and is updated piece by piece: pass a copy. `threads`,
    one or two, change no bit of what comes out.
    """
    size = len(ids) if len(ids) < WORTH_HALVING else -(-len(ids) // 2)
    starts = range(0, len(ids), size)
    parts = [Part(program, state, ids, s, s + size, trace, ttt) for s in starts]
    in_order([part.stages() for part in parts], threads)
    used = int(state.offset[0]) + len(ids)
    state.kv.used[0] = state.offset[0] = used
    return np.concatenate([part.x for part in parts])


def project_logits(program: Program, x: Float32) -> Float32:
    """Logits [L, V] of hidden vectors [L, D]."""
    dims = program.dims
    n = np.empty_like(x)
    gain = program.small[dims.final_norm : dims.final_norm + dims.D]
    rms_norm(x, gain, dims.norm_eps, n)
    n *= np.float32(dims.output_scale)
    with one_thread_each():
        return project(program.matrices, program.products, HEAD, n)


class Part:
    """Consecutive tokens `start` to `stop` of a call, in as many stages as blocks.

    A stage needs the same one of the tokens before, whose state it goes on from.
    """

    def __init__(
        self,
        program: Program,
        state: State,
        ids: NDArray[np.int64],
        start: int,
        stop: int,
        trace: Trace,
        ttt: bool,
    ) -> None:
        self._program, self._state, self._ids = program, state, ids[start:stop]
        self._trace, self._ttt = trace.part(start, stop), ttt
        self._dims, self._small = program.dims, program.small
        self._first = int(state.offset[0]) + start
        self._length = len(self._ids)
        self._angles_of: dict[int, tuple[Float32, Float32]] = {}
        self.x = self._embed()

    def stages(self) -> Iterator[None]:
        """Do a stage with every step; afterwards `x` has the last vectors [L, D]."""
        dims, x = self._dims, self.x
        n = np.empty_like(x)
        hidden = np.empty((self._length, dims.F), np.float32)
        # Numbers of NumPy's take longer to count with.
        for index, block in enumerate(self._program.table.tolist()):
            first = index * PER_BLOCK
            rms_norm(x, self._part(block[at.NORM], dims.D), dims.norm_eps, n)
            p = self._project(n, first + ATTN_IN)
            out, gate = self._mix(p, n, block)
            if self._trace.wanted and gate.size:
                self._trace.gates[:, index] = gate
            x += self._project(out, first + ATTN_OUT)
            # Not held while larger ones are made.
            del p, out, gate
            rms_norm(x, self._part(block[at.FFN_NORM], dims.D), dims.norm_eps, n)
            p = self._project(n, first + FFN_IN)
            selective_swiglu(p, dims.keep, hidden)
            x += self._project(hidden, first + FFN_DOWN)
            del p
            if index + 1 < len(self._program.table):
                yield
        if self._ttt:
            self._adapt(x)
        yield

    def _part(self, start: int, count: int) -> Float32:
        return self._small[start : start + count]

    def _embed(self) -> Float32:
        program = self._program
        x = np.empty((self._length, self._dims.D), np.float32)
        embed(program.matrices, program.products.factors, self._dims, self._ids, x)
        return x

    def _project(self, x: Float32, number: int) -> Float32:
        return project(self._program.matrices, self._program.products, number, x)

    def _mix(self, p: Float32, n: Float32, block: Any) -> tuple[Float32, Float32]:
        """What a block's mixer gives [L, ...] and its log gates [L, H], if any."""
        if block[at.KIND] == at.GLA:
            return self._gla(p, n, block)
        return (
            self._fox(p, n, block)
            if block[at.KIND] == at.FOX
            else self._gated(p, block)
        )

    def _gla(self, p: Float32, n: Float32, block: Any) -> tuple[Float32, Float32]:
        dims = self._dims
        h, hk, dk, dv = dims.H, dims.Hk, dims.Dk, dims.Dv
        channels = (h + hk) * dk + hk * dv
        if dims.gla_taps:
            self._convolve(p, 0, channels, dims.gla_taps, dims.gla_silu_from, block)
        q_norm = NONE if dims.gla_l2 else self._part(block[at.Q_NORM], dk)
        k_norm = NONE if dims.gla_l2 else self._part(block[at.K_NORM], dk)
        normalize_heads(p, 0, h, dk, q_norm, GLA_NORM_EPS)
        normalize_heads(p, h * dk, hk, dk, k_norm, GLA_NORM_EPS)
        apply_rotary(p, 0, h + hk, dk, *self._angles(dims.half))
        gate = self._gate(n, block[at.GATE], block[at.GATE_BIAS])
        mamba = block[at.RATES] >= 0
        rates = self._part(block[at.RATES], h) if mamba else self._small[:0]
        bias = self._part(block[at.TIME_BIAS], h) if mamba else self._small[:0]
        log_decay(gate, rates, bias, dims.normalizer)
        start = block[at.STATE]
        state = self._state.fixed[start : start + h * dk * dv].reshape(h, dk, dv)
        out = np.empty((self._length, h * dv), np.float32)
        columns = (0, h * dk, (h + hk) * dk)
        if dims.delta_rule:
            beta = self._gate(n, block[at.STEP], block[at.STEP_BIAS])
            sigmoids(beta)
            gated_delta_rule(p, *columns, gate, beta, state, out)
        else:
            gated_linear_attention(p, *columns, gate, state, out)
        gate_output(
            out, p, channels, h, self._part(block[at.OUT_NORM], dv), GLA_NORM_EPS
        )
        return out, gate

    def _fox(self, p: Float32, n: Float32, block: Any) -> tuple[Float32, Float32]:
        dims = self._dims
        h, hk, dh = dims.H, dims.Hk, dims.Dh
        pro = block[at.TAPS] >= 0
        if pro:
            self._convolve(p, h * dh, (h + hk) * dh, FOX_CONV_SIZE, 0, block)
            q_norm = self._part(block[at.Q_NORM], h * dh)
            k_norm = self._part(block[at.K_NORM], hk * dh)
            normalize_heads(p, 0, h, dh, q_norm, FOX_NORM_EPS)
            normalize_heads(p, h * dh, hk, dh, k_norm, FOX_NORM_EPS)
        gate = self._gate(n, block[at.GATE], block[at.GATE_BIAS])
        log_forget(gate)
        out = self._attend(p, block, np.ascontiguousarray(gate.T))
        if pro:
            norm = self._part(block[at.OUT_NORM], dh)
            gate_output(out, p, (2 * h + hk) * dh, h, norm, FOX_NORM_EPS)
        return out, gate

    def _gated(self, p: Float32, block: Any) -> tuple[Float32, Float32]:
        h, hk, dh = self._dims.H, self._dims.Hk, self._dims.Dh
        apply_rotary(p, 0, h + hk, dh, *self._angles(dh // 2))
        out = self._attend(p, block, np.empty((h, 0), np.float32))
        gate_output(out, p, (h + 2 * hk) * dh, h, self._small[:0], 0.0)
        return out, NONE

    def _attend(self, p: Float32, block: Any, forget: Float32) -> Float32:
        """Attention of rows p, queries first; forget [H, L], or [H, 0] for none."""
        h, hk, dh, length = self._dims.H, self._dims.Hk, self._dims.Dh, self._length
        layer, first = block[at.ATTENTION], self._first
        keys, values = self._state.kv.keys[layer], self._state.kv.values[layer]
        hv = values.shape[0]
        last = first + length
        k, v = np.split(p[:, h * dh : (h + hk + hv) * dh], [hk * dh], axis=1)
        new = k.reshape(length, hk, dh), v.reshape(length, hv, dh)
        for room, heads in zip((keys, values), new, strict=True):
            room[:, first:last] = to_keep(heads.swapaxes(0, 1), room)
        out = np.empty((length, h * dh), np.float32)
        scale = np.float32(dh**-0.5)
        for head in range(h):
            columns = slice(head * dh, (head + 1) * dh)
            # The first of those that share keys, or values.
            if head * hk % h < hk:
                own = kept(keys[head * hk // h, :last])
            if head * hv % h < hv:
                mixed = kept(values[head * hv // h, :last])
            decay, q = self._state.decay[layer, head], p[:, columns] * scale
            for start in range(0, length, QUERIES):
                stop = min(start + QUERIES, length)
                seen = first + stop
                scores = q[start:stop] @ own[:seen].T
                forgetting_weights(
                    scores, first + start, forget[head, start:stop], decay
                )
                out[start:stop, columns] = scores @ mixed[:seen]
        return out

    def _convolve(
        self, p: Float32, start: int, channels: int, taps: int, silu: int, block: Any
    ) -> None:
        weight = self._part(block[at.TAPS], taps * channels).reshape(taps, channels)
        begin, size = block[at.CONV_STATE], (taps - 1) * channels
        state = self._state.fixed[begin : begin + size].reshape(taps - 1, channels)
        short_convolution(p, start, weight, state, silu)

    def _gate(self, n: Float32, weight: int, bias: int) -> Float32:
        dims = self._dims
        w = self._part(weight, dims.H * dims.D).reshape(dims.H, dims.D)
        gate: Float32 = n @ w.T
        if bias >= 0:
            gate += self._part(bias, dims.H)
        return gate

    def _angles(self, half: int) -> tuple[Float32, Float32]:
        """Cosines and sines [L, half], the same for every block."""
        if half not in self._angles_of:
            self._angles_of[half] = self._made_angles(half)
        return self._angles_of[half]

    def _made_angles(self, half: int) -> tuple[Float32, Float32]:
        frequencies = ROTARY_BASE ** (-np.arange(half) / max(half, 1))
        last = self._first + self._length
        positions = np.arange(self._first, last, dtype=np.float32)
        angles = positions[:, None] * frequencies.astype(np.float32)
        return np.cos(angles), np.sin(angles)

    def _adapt(self, x: Float32) -> None:
        """Test-time training of the last vectors, in place."""
        d, table = self._dims.D, self._program.metacognition

        def part(name: int, *shape: int) -> Float32:
            return self._part(table[name], int(np.prod(shape))).reshape(shape)

        h = np.empty_like(x)
        layer_norm(x, part(at.TTT_NORM, d), part(at.TTT_NORM_BIAS, d), h)
        w0, rank = part(at.TTT_W0, d, d), self._dims.R
        y = h * np.diagonal(w0) if self._program.diagonal else h @ w0
        y += (h @ part(at.TTT_A, d, rank)) @ part(at.TTT_B, rank, d)
        gate = x @ part(at.TTT_OUTPUT_GATE, d, d).T
        start = self._dims.gradient_sum
        sums = self._state.fixed[start : start + d]
        test_time_training(h, y, gate, part(at.TTT_RATE, d), sums, self._first)
        adapted = y @ part(at.TTT_OUT_PROJ, d, d).T
        adapted *= part(at.TTT_LAYER_SCALE, d)
        adapted += x
        expected = x @ part(at.SELF_MODEL, d, d).T
        both = np.concatenate([expected, adapted], axis=1)
        hidden = both @ part(at.CONFIDENCE_IN, d // 2, 2 * d).T
        hidden += part(at.CONFIDENCE_IN_BIAS, d // 2)
        silu_rows(hidden)
        confidence = hidden @ part(at.CONFIDENCE_OUT, d // 2)
        confidence += part(at.CONFIDENCE_OUT_BIAS, 1)
        sums = self._state.fixed[start + d : start + d + 1]
        strength, reflection = self._dims.strength, self._trace.some_reflection(len(x))
        confidence_mix(
            x, adapted, expected, confidence, sums, strength, self._first, reflection
        )
