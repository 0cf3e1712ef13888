"""Test-time training and the confidence that mixes it in, on top of the blocks."""

import mlx.core as mx
import mlx.nn as nn

from ...genesis.args import ModelArgs
from ...genesis.constants import DIAGONAL_BOUND, LAYER_NORM_EPS
from ...mlx_base.fusing import Fused
from ..cache import TTTCache
from ..ops import confidence_mix, test_time_training
from .activations import silu
from .forward_pass import ForwardPass


class TestTimeTraining(nn.Module):
    """Fast weights W0 + A B adapted while reading (arXiv 2407.04620), dual form.

    Takes and returns [B, L, D]. Queries, keys and values are the normalised input:
    the reference infers with no projections, which are kept with the weights.
    """

    __test__ = False

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        d, rank = args.n_embd, args.ttt_rank
        self._rate_cap = args.ttt_inner_lr
        self._checked: tuple[mx.array, mx.array | None] | None = None
        self.norm = nn.LayerNorm(d, eps=LAYER_NORM_EPS)
        self.W0 = mx.zeros((d, d))
        self.A_init = mx.zeros((d, rank))
        self.B_init = mx.zeros((rank, d))
        self.log_lr = mx.zeros((d,))
        self.layer_scale = mx.zeros((d,))
        for name in ("q_proj", "k_proj", "v_proj", "out_proj", "output_gate"):
            setattr(self, name, nn.Linear(d, d, bias=False))

    def __call__(self, x: mx.array, cache: TTTCache, forward: ForwardPass) -> mx.array:
        h = self.norm(x)
        diagonal = None if forward.gradients else self.diagonal()
        y0 = h @ self.W0 if diagonal is None else h * diagonal
        y0 = y0 + (h @ self.A_init) @ self.B_init
        rate = _rate(self.log_lr, self._rate_cap)
        y, cache.gradient_sum = test_time_training(
            h, y0, rate, cache.gradient_sum, forward.start, forward.kernels
        )
        update = self.out_proj(_gated(y, self.output_gate(x)))
        return _updated(x, update, self.layer_scale)

    def diagonal(self) -> mx.array | None:
        """The diagonal of W0 if it is all of it up to rounding, for each W0 once."""
        if self._checked is None or self._checked[0] is not self.W0:
            diagonal = mx.diag(self.W0)
            rest = mx.abs(self.W0 - mx.diag(diagonal)).max()
            mx.eval(diagonal, rest)
            found = diagonal if rest.item() < DIAGONAL_BOUND else None  # type: ignore[operator]
            self._checked = (self.W0, found)
        return self._checked[1]


@Fused
def _rate(log_rate: mx.array, cap: float) -> mx.array:
    return mx.minimum(mx.exp(log_rate.astype(mx.float32)), cap)


@Fused
def _gated(y: mx.array, gate: mx.array) -> mx.array:
    return y.astype(gate.dtype) * mx.sigmoid(gate)


@Fused
def _updated(x: mx.array, update: mx.array, scale: mx.array) -> mx.array:
    return x + update * scale


class Metacognition(nn.Module):
    """Mixes test-time training in by the model's confidence in its own state.

    Takes and returns [B, L, D]. Token t weighs the adapted vector by
    `ttt_strength` times the mean confidence over tokens 1..t of its sequence. The
    reference gives every position the mean over the whole call and batch; for the
    last position of one sequence the two are the same number.
    """

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        d = args.n_embd
        self._strength = args.ttt_strength
        self.self_model = nn.Linear(d, d, bias=False)
        self.ttt = TestTimeTraining(args)
        self.confidence_in = nn.Linear(2 * d, d // 2)
        self.confidence_out = nn.Linear(d // 2, 1)
        self.reflection = nn.Linear(2 * d, d, bias=False)

    def __call__(self, x: mx.array, cache: TTTCache, forward: ForwardPass) -> mx.array:
        adapted = self.ttt(x, cache, forward)
        expected = self.self_model(x)
        both = mx.concatenate([expected, adapted], axis=-1)
        hidden = silu(self.confidence_in(both))
        mixture = confidence_mix(
            x,
            adapted,
            expected,
            self.confidence_out(hidden)[..., 0],
            cache.confidence_sum,
            forward.start,
            self._strength,
            forward.kernels,
        )
        cache.confidence_sum = mixture.confidence_sum
        if forward.trace is not None:
            forward.trace.surprise.append(mixture.surprise)
            forward.trace.confidence.append(mixture.confidence)
            forward.trace.mix.append(mixture.share)
        return mixture.mixed
