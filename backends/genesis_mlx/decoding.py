"""A token read and the next one drawn, as one compiled function of arrays."""

from dataclasses import replace

import mlx.core as mx

from ..mlx_base import kernels
from ..mlx_base.nucleus import nucleus_by
from ..mlx_base.sampling import Drawing, Occurred, Sampler, drawn
from ..sampling_settings import SamplingSettings
from .cache import BLOCK, Cache
from .layers import ForwardPass, Places
from .layers.trace import Trace
from .model import Model
from .readings import Layers, Pending, traced

Arrays = dict[str, mx.array]
# Ways of decoding whose graphs are kept: a chat's settings change now and then.
KEPT = 4


def drawing_of(
    model: Model,
    settings: SamplingSettings,
    x: mx.array,
    occurred: Occurred,
    uniform: mx.array,
    kernels: frozenset[str],
) -> tuple[Drawing, Occurred]:
    """The draw after hidden vectors [1, L, D]; see `sampling.drawn`."""
    logits = model.logits(x[:, -1])[0]
    return drawn(logits, occurred, settings, uniform, nucleus_by(kernels))


class Decoding:
    """Decoding of a model with the kernels of now and one way of sampling, compiled.

    MLX keeps the graph, so Python builds one for each number of blocks in the cache
    only, and one for a prompt's last vector. All arrays but the weights are inputs and
    outputs of it. With `readings` the mixers tell what they do.
    """

    def __init__(
        self, model: Model, settings: SamplingSettings, ttt: bool, readings: bool
    ) -> None:
        self._model, self._settings, self._readings = model, settings, readings
        self._empty = model.make_cache(ttt)
        self._kernels = kernels.chosen()
        if self._empty.ttt is not None:
            # Looks at numbers, which there are none of while a graph is made.
            model.metacognition.ttt.diagonal()
        self._compiled = mx.compile(self.decode)
        self._compiled_first = mx.compile(self.first)

    def __call__(
        self, token: mx.array, cache: Cache, sampler: Sampler
    ) -> tuple[Drawing, Pending | None]:
        """Read a token [1, 1] and queue the next; cache and sampler count it."""
        places = self.places(cache.offset)
        found, occurred, held, told = self._compiled(
            token, cache.held(), places, sampler.occurred, sampler.uniform()
        )
        cache.hold(held)
        cache.advance(1)
        sampler.advance(occurred)
        kinds = self._model.args.layer_kinds
        pending = Pending(told, cache.offset, kinds) if self._readings else None
        return Drawing(*found), pending

    def draw(self, x: mx.array, sampler: Sampler) -> Drawing:
        """Queue the token after a prompt's last vector x [1, 1, D]."""
        found, occurred = self._compiled_first(x, sampler.occurred, sampler.uniform())
        sampler.advance(occurred)
        return Drawing(*found)

    def places(self, offset: int) -> Places:
        """What changes with the position of the token."""
        args = self._model.args
        of_kinds = {"gla": args.gla_rotary_width, "attention": args.head_dim}
        widths = {of_kinds[kind] for kind in args.layer_kinds if kind in of_kinds}
        return ForwardPass(offset, 1).places(sorted(widths), BLOCK)

    def decode(
        self,
        token: mx.array,
        held: Arrays,
        places: Places,
        occurred: Occurred,
        uniform: mx.array,
    ) -> tuple[list[mx.array], Occurred, Arrays, Layers]:
        """What is compiled: arrays of the `Drawing`, what has occurred then, what the
        cache holds, and what was `traced`."""
        cache = self._empty.copy()
        cache.hold(held)
        trace = Trace() if self._readings else None
        forward = ForwardPass.of_token(
            Places(*places), BLOCK, trace, self._kernels, cache.delta_rule
        )
        x = self._model.hidden(token, cache, forward)
        found, occurred = self.first(x, occurred, uniform)
        return found, occurred, cache.held(), traced(trace)

    def first(
        self, x: mx.array, occurred: Occurred, uniform: mx.array
    ) -> tuple[list[mx.array], Occurred]:
        """What is compiled of the draw alone, after a vector [1, 1, D]."""
        drawing, occurred = drawing_of(
            self._model, self._settings, x, occurred, uniform, self._kernels
        )
        return drawing.arrays(), occurred


class Decodings:
    """The compiled decodings of a model, which all of its replies share."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._made: dict[object, Decoding] = {}

    def of(
        self, settings: SamplingSettings, ttt: bool, readings: bool = False
    ) -> Decoding:
        """Decoding with the kernels that are used now; seeds do not matter."""
        way = replace(settings, seed=0), ttt, readings
        key = way, kernels.chosen()
        # The last one used is the last one here.
        found = self._made.pop(key, None) or Decoding(self._model, *way)
        self._made[key] = found
        if len(self._made) > KEPT:
            del self._made[next(iter(self._made))]
        return found
