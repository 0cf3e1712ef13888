"""The reference implementation (genesis-llm on torch), for tests and goldens.

`GENESIS_REFERENCE` names the directory it was installed to with `pip --target`.
"""

import contextlib
import importlib.util
import io
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from checkpoints import Stored
from numpy.typing import NDArray

DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64"}


def add_to_path() -> bool:
    """Make the reference importable if it is there; whether it is."""
    directory = os.environ.get("GENESIS_REFERENCE")
    if directory and directory not in sys.path:
        # Last, so that its libraries do not replace the project's.
        sys.path.append(directory)
    return all(importlib.util.find_spec(name) for name in ("torch", "genesis"))


def oracle(operator: str) -> ModuleType:
    """fla's naive form of an operator, from its file: the package needs Triton."""
    (root,) = (
        Path(entry) / "fla/ops"
        for entry in sys.path
        if (Path(entry) / "fla/ops" / operator / "naive.py").exists()
    )
    path = root / operator / "naive.py"
    spec = importlib.util.spec_from_file_location(f"fla_{operator}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Reference:
    """A reference model with given tensors, in float32."""

    def __init__(
        self,
        config: Mapping[str, Any],
        tensors: Mapping[str, Stored],
        *,
        as_stored: bool = False,
    ) -> None:
        """Rotary tables are computed, or taken `as_stored` as its own loader does."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import torch

            with contextlib.redirect_stdout(io.StringIO()):
                from genesis import Genesis, GenesisConfig

                self._model = Genesis(GenesisConfig(**config))
        torch.set_num_threads(1)
        self._torch = torch
        state = {
            name: self._tensor(tensor)
            for name, tensor in tensors.items()
            if "evolution_" not in name and (as_stored or ".rope." not in name)
        }
        if self._model.config.tie_word_embeddings:
            state["lm_head.weight"] = state["tok_emb.weight"]
        missing, unknown = self._model.load_state_dict(state, strict=False)
        buffers = ("rope.", "rotary", "inv_freq", "evolution_", "_cached")
        assert unknown == []
        assert [n for n in missing if not any(part in n for part in buffers)] == []
        self._model.eval()

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Logits [L, V] without test-time training, as its cached generation has."""
        with self._torch.no_grad(), self._strength(0.0):
            batch = self._torch.tensor([list(ids)])
            return np.asarray(self._model(batch, targets=batch)[0][0].numpy())

    def last_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Logits [V] after the last token, with test-time training."""
        with self._torch.no_grad():
            return np.asarray(
                self._model(self._torch.tensor([list(ids)]))[0][0, -1].numpy()
            )

    def outputs(
        self, ids: Sequence[int], names: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        """What its modules of these names compute for ids, with all mixers on."""
        found: dict[str, Any] = {}
        modules = dict(self._model.named_modules())
        hooks = [
            modules[name].register_forward_hook(
                lambda module, given, output, name=name: found.setdefault(name, output)
            )
            for name in names
        ]
        try:
            self.last_logits(ids)
        finally:
            for hook in hooks:
                hook.remove()
        return {
            name: np.asarray(
                (value[0] if isinstance(value, tuple) else value).detach().float()
            )
            for name, value in found.items()
        }

    def set_mask(self, share: float) -> None:
        """Keep this share of the hidden values, by its own method."""
        self._model.set_selective_activation(True, share)

    def greedy(self, ids: Sequence[int], count: int, *, ttt: bool) -> list[int]:
        """The most likely continuation; its cached generation, or uncached with TTT."""
        found: list[int] = []
        past = None
        with self._torch.no_grad():
            while len(found) < count:
                if ttt:
                    logits = self.last_logits([*ids, *found])
                else:
                    new = list(ids) if past is None else found[-1:]
                    output = self._model(
                        self._torch.tensor([new]), past_key_values=past, use_cache=True
                    )
                    logits, past = output[0][0, -1].numpy(), output[3]
                found.append(int(logits.argmax()))
        return found

    def likeliest(self, ids: Sequence[int], reply: Sequence[int]) -> list[int]:
        """The most likely token at each place of a reply, read in one call.

        They are the reply exactly if it is the greedy one.
        """
        logits = self.logits([*ids, *reply])[len(ids) - 1 : -1]
        return [int(token) for token in logits.argmax(-1)]

    @contextlib.contextmanager
    def _strength(self, value: float) -> Any:
        config = self._model.config
        before = getattr(config, "ttt_strength", 0.2)
        config.ttt_strength = value
        yield
        config.ttt_strength = before

    def _tensor(self, tensor: Stored) -> Any:
        dtype = getattr(self._torch, DTYPES[tensor.dtype])
        flat = self._torch.frombuffer(bytearray(tensor.data), dtype=dtype)
        values = flat.reshape(tensor.shape)
        return values.float() if values.is_floating_point() else values
