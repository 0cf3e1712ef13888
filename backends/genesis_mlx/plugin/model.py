"""Genesis behind the names that mlx-lm calls a model by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import mlx.core as mx
import mlx.nn as nn

from ...derived_file import DERIVED_TENSORS
from ...genesis import args as genesis
from ...genesis.model_files import MODEL_TYPE, args_of
from ...genesis.tensor_shapes import ALWAYS_FLOAT32, quantizable
from ...mlx_base.device import DTYPES
from ...mlx_base.self_check import warn
from .. import model
from ..cache import Cache, TTTCache
from ..layers import Block
from ..layers.forward_pass import ForwardPass
from ..self_check import ensure_kernels
from .batch import GenesisBatch
from .state import GenesisState

# What mlx-lm adds to a configuration for its own loader.
OPTIONS = frozenset({"quantize_activations"})


@dataclass(frozen=True)
class ModelArgs:
    """A model's configuration, as mlx-lm hands it over."""

    genesis: genesis.ModelArgs
    model_type: str = MODEL_TYPE

    @classmethod
    def from_dict(cls, params: Mapping[str, Any]) -> Self:
        """From the content of `config.json`. Raises `ConfigError`."""
        own = {k: v for k, v in params.items() if k not in OPTIONS}
        return cls(args_of(own))


class Model(model.Model):
    """Genesis without test-time training, which is how the reference generates.

    Attribute `ttt` switches test-time training on where a whole text is read, to train
    its parameters; states, and so mlx-lm's generation, go on without it.

    Called with ids [B, L] and a list of states, one for each layer, it gives logits
    [B, L, V] and goes on from the states. Without them it reads one whole text as it
    is read in training: by MLX operations alone, since kernels have no gradients, and
    anew each time a block is called, which gradient checkpointing does twice.
    """

    compute_dtype: ClassVar[mx.Dtype | None] = None

    def __init__(self, args: ModelArgs) -> None:
        super().__init__(args.genesis)
        self.model_type = args.model_type
        self.ttt = False
        self._checked = False

    def __call__(  # type: ignore[override]  # states are lists in mlx-lm
        self,
        inputs: mx.array,
        cache: Sequence[GenesisState] | Sequence[GenesisBatch] | None = None,
    ) -> mx.array:
        if not cache:
            return self.logits(self.training_features(inputs))
        self._check_kernels()
        if isinstance(cache[0], GenesisBatch):
            return self._rows(inputs, cache)  # type: ignore[arg-type]
        return self.logits(self._read(inputs, cache))  # type: ignore[arg-type]

    def training_features(self, ids: mx.array) -> mx.array:
        """Last hidden vectors [B, L, D] of whole texts [B, L], without a state."""
        forward = ForwardPass(
            0, ids.shape[1], delta_rule=self.delta_rule, gradients=True
        )
        x: mx.array = self.tok_emb(ids)
        delta = mx.zeros_like(x)
        for block in self.blocks:
            x, delta = block(x, delta, None, forward)
        x = x + delta
        if self.ttt:
            x = self.metacognition(x, TTTCache(), forward)
        return x

    @property
    def layers(self) -> list[Block]:
        """The blocks, which adapters go into."""
        return self.blocks

    def make_cache(self) -> list[GenesisState]:  # type: ignore[override]
        """An empty state for each layer."""
        return [GenesisState(kind) for kind in self.args.layer_kinds]

    def sanitize(self, weights: dict[str, mx.array]) -> dict[str, mx.array]:
        """The weights of a folder in what the model is to compute in.

        mlx-lm reads what the CPU backend keeps in the folder too, which is left out.
        """
        weights = {k: v for k, v in weights.items() if k not in DERIVED_TENSORS}
        if self.compute_dtype is None:
            return weights
        return {
            name: array.astype(self.compute_dtype)
            if mx.issubdtype(array.dtype, mx.floating) and self.cast_predicate(name)
            else array
            for name, array in weights.items()
        }

    def cast_predicate(self, name: str) -> bool:
        """Whether a weight's dtype may be changed."""
        return not name.endswith(ALWAYS_FLOAT32)

    def quant_predicate(self, path: str, module: nn.Module) -> bool:
        """Whether a module's weight may be quantised."""
        return quantizable(f"{path}.weight")

    def _read(self, ids: mx.array, states: Sequence[GenesisState]) -> mx.array:
        layers = [state.layer for state in states]
        cache = Cache(self.args, layers, None, states[0].offset)
        features = self.features(ids, cache)
        for state, layer in zip(states, cache.layers, strict=True):
            state.layer, state.offset = layer, cache.offset
        return features

    def _rows(self, ids: mx.array, batches: Sequence[GenesisBatch]) -> mx.array:
        length, found = ids.shape[1], []
        # Every layer's batch counts what it has read, and all count the same.
        counts = [batch.take(length) for batch in batches]
        for row, count in enumerate(counts[0]):
            states = [batch.rows[row] for batch in batches]
            parts = []
            if count:
                read = self._read(ids[row : row + 1, :count], states)
                parts.append(self.logits(read))
            if count < length:
                shape = (1, length - count, self.args.vocab_size)
                parts.append(mx.zeros(shape, DTYPES[self.dtype]))
            found.append(mx.concatenate(parts, axis=1))
        return mx.concatenate(found)

    def _check_kernels(self) -> None:
        if not self._checked:
            ensure_kernels(self.args, DTYPES[self.dtype], False, warn)
            self._checked = True
