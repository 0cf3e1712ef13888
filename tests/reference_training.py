"""The reference implementation trained, beside ours from the same weights."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from checkpoints import Stored, stored, write_checkpoint, write_small_neox
from numpy.typing import NDArray
from reference import Reference
from training_models import Gradients, Ids

from converters import convert


def fresh_tensors(config: Mapping[str, Any]) -> dict[str, Stored]:
    """The weights that the reference begins with, of one seed."""
    import torch
    from genesis import Genesis, GenesisConfig

    torch.manual_seed(7)
    with contextlib.redirect_stdout(io.StringIO()):
        model = Genesis(GenesisConfig(**config))
    return {
        name: stored(mx.array(parameter.detach().numpy()))
        for name, parameter in model.named_parameters()
        if name != "lm_head.weight" or not config.get("tie_word_embeddings", True)
    }


class TrainedReference(Reference):
    """A reference model whose parameters have gradients."""

    def loss(self, ids: Ids, *, ttt: bool = False) -> Any:
        """The mean cross-entropy of ids [B, L + 1], as a torch scalar.

        With test-time training, which the reference has for the last token alone, of
        that token; the selective mask is the one of evaluation.
        """
        functional = self._torch.nn.functional
        given = self._torch.from_numpy(ids.astype(np.int64))
        read, wanted = given[:, :-1].contiguous(), given[:, 1:]
        if ttt:
            return functional.cross_entropy(self._model(read)[0][:, -1], wanted[:, -1])
        with self._strength(0.0):
            logits = self._model(read, targets=read)[0]
        return functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())

    def gradients(
        self, ids: Ids, config: Mapping[str, Any], folder: Path, **how: Any
    ) -> Gradients:
        """Of the loss, under our names: arranged as its weights are."""
        self._model.zero_grad()
        self.loss(ids, **how).backward()
        tensors: dict[str, Stored] = {}
        for name, parameter in self._model.named_parameters():
            if name == "lm_head.weight" and self._model.config.tie_word_embeddings:
                continue
            found = parameter.grad
            found = self._torch.zeros_like(parameter) if found is None else found
            tensors[name] = stored(mx.array(found.numpy()))
        return our_arrays(config, tensors, folder)

    def train_by_adam(self, texts: Sequence[Ids], rate: float) -> NDArray[np.float64]:
        """The losses of AdamW's steps, up to the first that is not finite."""
        parameters = list(self._model.parameters())
        adam = self._torch.optim.AdamW(parameters, lr=rate)
        losses = []
        for ids in texts:
            adam.zero_grad()
            loss = self.loss(ids)
            loss.backward()
            adam.step()
            losses.append(float(loss.detach()))
            if not np.isfinite(losses[-1]):
                break
        return np.array(losses)

    def train_by_descent(
        self, texts: Sequence[Ids], rate: float
    ) -> NDArray[np.float64]:
        """The loss of each step of plain gradient descent, one batch each."""
        losses = []
        for ids in texts:
            self._model.zero_grad()
            loss = self.loss(ids)
            loss.backward()
            # torch.optim would import the compiler.
            with self._torch.no_grad():
                for parameter in self._model.parameters():
                    if parameter.grad is not None:
                        parameter -= rate * parameter.grad
            losses.append(float(loss.detach()))
        return np.array(losses)


def our_arrays(
    config: Mapping[str, Any], tensors: Mapping[str, Stored], folder: Path
) -> Gradients:
    """A checkpoint's tensors as the converter arranges them for us."""
    folder.mkdir()
    source = write_checkpoint(folder / "source.safetensors", config, tensors)
    tokenizer = folder / "tokenizer.json"
    write_small_neox(tokenizer, config["vocab_size"])
    convert(source, folder / "model", tokenizer=tokenizer)
    arrays = mx.load(str(folder / "model" / "model.safetensors"))
    assert isinstance(arrays, dict)
    return {name: np.array(array) for name, array in arrays.items()}
