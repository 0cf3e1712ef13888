"""A token read and the next one drawn, as one compiled function of arrays."""

from dataclasses import replace

import mlx.core as mx

from ..mlx_base.sampling import Drawing, Occurred, Sampler, drawn
from ..sampling_settings import SamplingSettings
from . import kernels
from .cache import BLOCK, Cache
from .layers import ForwardPass, Places
from .model import Model

Arrays = dict[str, mx.array]
# Ways of decoding whose graphs are kept: a chat's settings change now and then.
KEPT = 4


def drawing_of(
    model: Model,
    settings: SamplingSettings,
    x: mx.array,
    occurred: Occurred,
    uniform: mx.array,
) -> tuple[Drawing, Occurred]:
    """The draw after hidden vectors [1, L, D]; see `sampling.drawn`."""
    return drawn(model.logits(x[:, -1])[0], occurred, settings, uniform)


class Decoding:
    """Decoding of a model with the kernels of now and one way of sampling, compiled.

    MLX keeps the graph, so Python builds one for each number of blocks in the cache
    only. All arrays but the weights are inputs and outputs of it.
    """

    def __init__(self, model: Model, settings: SamplingSettings, ttt: bool) -> None:
        self._model, self._settings = model, settings
        self._empty = model.make_cache(ttt)
        self._kernels = kernels.chosen()
        if self._empty.ttt is not None:
            # Looks at numbers, which there are none of while a graph is made.
            model.metacognition.ttt.diagonal()
        self._compiled = mx.compile(self.decode)

    def __call__(self, token: mx.array, cache: Cache, sampler: Sampler) -> Drawing:
        """Read a token [1, 1] and queue the next; cache and sampler count it."""
        places = self.places(cache.offset)
        found, occurred, held = self._compiled(
            token, cache.held(), places, sampler.occurred, sampler.uniform()
        )
        cache.hold(held)
        cache.advance(1)
        sampler.advance(occurred)
        return Drawing(*found)

    def places(self, offset: int) -> Places:
        """What changes with the position of the token."""
        widths = [self._model.args.gla_rotary_width]
        return ForwardPass(offset, 1).places(widths, BLOCK)

    def decode(
        self,
        token: mx.array,
        held: Arrays,
        places: Places,
        occurred: Occurred,
        uniform: mx.array,
    ) -> tuple[list[mx.array], Occurred, Arrays]:
        """What is compiled: arrays of the `Drawing`, what has occurred then, and what
        the cache holds."""
        cache = self._empty.copy()
        cache.hold(held)
        forward = ForwardPass.of_token(
            Places(*places), BLOCK, self._kernels, cache.delta_rule
        )
        x = self._model.hidden(token, cache, forward)
        drawing, occurred = drawing_of(
            self._model, self._settings, x, occurred, uniform
        )
        return drawing.arrays(), occurred, cache.held()


class Decodings:
    """The compiled decodings of a model, which all of its replies share."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._made: dict[object, Decoding] = {}

    def of(self, settings: SamplingSettings, ttt: bool) -> Decoding:
        """Decoding with the kernels that are used now; seeds do not matter."""
        alike = replace(settings, seed=0)
        key = alike, ttt, kernels.chosen()
        # The last one used is the last one here.
        found = self._made.pop(key, None) or Decoding(self._model, alike, ttt)
        self._made[key] = found
        if len(self._made) > KEPT:
            del self._made[next(iter(self._made))]
        return found
