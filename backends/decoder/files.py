"""The files of an ordinary decoder, checked before a backend reads them."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..config_file import read_config
from ..derived_names import DERIVED_FILES
from ..errors import ConfigError, UnsupportedError, WeightsError
from ..stored_weights import Fact, sizes_of, tensor_facts
from ..weights_index import INDEX, indexed_files
from ..wrapped_names import plain_names
from .args import DecoderArgs
from .names import HEAD, IGNORED, matrix_shapes, vector_shapes

SINGLE, ANY = "model.safetensors", "model*.safetensors"
FLOATS = ("F32", "F16", "BF16")
# Numbers that MLX packs without gaps into words of 32 bits.
PACKED_BITS = (2, 3, 4, 5, 6, 8)

# Shape and dtype of tensors by their names.
Facts = dict[str, Fact]


@dataclass(frozen=True)
class Packing:
    """How MLX has packed a matrix: code * scale + bias, for groups of a row."""

    bits: int
    group: int


@dataclass(frozen=True)
class DecoderFiles:
    """A decoder's configuration and where its tensors are.

    `files` has for each tensor that is used the safetensors file it is in, `stored`
    its name there where that is another; `packings` the modules whose matrices are
    quantised.
    """

    args: DecoderArgs
    files: dict[str, Path]
    packings: dict[str, Packing]
    stored: dict[str, str] = field(default_factory=dict)


def weight_sizes(directory: Path) -> tuple[int, int]:
    """Bytes of the weights as stored, and with float matrices in float32.

    Raises `WeightsError`.
    """
    found: Facts = {}
    for path in _weight_files(directory):
        found |= tensor_facts(path)
    return sizes_of(found.values())


def open_files(directory: Path) -> DecoderFiles:
    """Read the configuration and hold every tensor's name and shape against it.

    Raises `UnsupportedError`, `ConfigError` or `WeightsError` with one sentence that
    names the field or the tensors.
    """
    config = read_config(directory)
    try:
        args = DecoderArgs.from_config(config)
        mode = _quantization_mode(config)
    except ConfigError as error:
        raise type(error)(f"{directory / 'config.json'}: {error}") from error
    files: dict[str, Path] = {}
    found: Facts = {}
    for path in _weight_files(directory):
        for name, fact in tensor_facts(path).items():
            if name in files:
                raise WeightsError(
                    f"{name} is both in {files[name]} and in {path.name}; delete the "
                    "file that does not belong there."
                )
            if not name.endswith(IGNORED):
                files[name], found[name] = path, fact
    matched = _match(args, mode, found)
    if matched.wrong:
        names = plain_names(found)
        plain = _match(args, mode, {names[n]: fact for n, fact in found.items()})
        if not plain.wrong:
            stored = {names[name]: name for name in found}
            places = {name: files[stored[name]] for name in plain.used}
            return DecoderFiles(plain.args, places, plain.packings, stored)
        wrong = matched.wrong
        raise WeightsError(
            f"The weights in {directory} do not fit its config.json at "
            f"{', '.join(wrong[:5])}{' and more' if len(wrong) > 5 else ''}; get the "
            "model again."
        )
    places = {name: files[name] for name in matched.used}
    return DecoderFiles(matched.args, places, matched.packings)


@dataclass(frozen=True)
class _Match:
    """What a configuration needs of some tensors: the names used, and wrong ones."""

    args: DecoderArgs
    packings: dict[str, Packing]
    used: tuple[str, ...]
    wrong: tuple[str, ...]


def _match(args: DecoderArgs, mode: bool, found: Facts) -> _Match:
    tied = args.tie_word_embeddings
    if tied is None:
        args = replace(args, tie_word_embeddings=f"{HEAD}.weight" not in found)
    elif tied:
        # Some files hold the embedding twice.
        found = {name: f for name, f in found.items() if not name.startswith(HEAD)}
    packings = {}
    expected: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
        name: (shape, FLOATS) for name, shape in vector_shapes(args).items()
    }
    for module, shape in matrix_shapes(args).items():
        packing = _packing(module, shape, found) if mode else None
        if packing is None:
            expected[f"{module}.weight"] = (shape, FLOATS)
            continue
        packings[module] = packing
        words = shape[1] * packing.bits // 32
        expected[f"{module}.weight"] = ((shape[0], words), ("U32",))
        groups = (shape[0], shape[1] // packing.group)
        expected[f"{module}.scales"] = expected[f"{module}.biases"] = (groups, FLOATS)
    wrong = tuple(
        name
        for name in sorted(expected.keys() | found.keys())
        if name not in expected
        or name not in found
        or found[name][0] != expected[name][0]
        or found[name][1] not in expected[name][1]
    )
    return _Match(args, packings, tuple(expected), wrong)


def _quantization_mode(config: dict[str, Any]) -> bool:
    """Whether matrices may be quantised by MLX's affine form."""
    quantization = config.get("quantization")
    if quantization is None:
        method = config.get("quantization_config")
        if method is not None and "group_size" not in method:
            raise UnsupportedError(
                "Weights by its quantization_config are not supported by the CPU "
                "backend; take a model that MLX has quantised, or none has."
            )
        quantization = method
    if quantization is None:
        return False
    if not isinstance(quantization, dict):
        raise ConfigError(f"quantization must be an object, not {quantization!r}.")
    parts = [quantization, *(v for v in quantization.values() if isinstance(v, dict))]
    modes = {part.get("mode", "affine") for part in parts}
    if modes != {"affine"}:
        raise UnsupportedError(
            f"quantization of mode {sorted(modes - {'affine'})[0]!r} is not supported "
            "by the CPU backend."
        )
    return True


def _packing(module: str, shape: tuple[int, int], found: Any) -> Packing | None:
    """What a quantised matrix's own shapes say; None for one that is not.

    MLX keeps single modules otherwise than the configuration's default, or as they
    were; the shapes tell all.
    """
    columns = shape[1]
    words, dtype = found.get(f"{module}.weight", ((), ""))
    groups = found.get(f"{module}.scales", ((), ""))[0]
    if dtype != "U32" or len(words) != 2 or len(groups) != 2 or not groups[1]:
        return None
    bits, group = words[1] * 32 // columns, columns // groups[1]
    return Packing(bits, group) if bits in PACKED_BITS and group else None


def _weight_files(directory: Path) -> list[Path]:
    named = indexed_files(directory)
    if named is not None:
        if not named:
            raise WeightsError(
                f"{directory / INDEX} names no files; get the model again."
            )
        return [directory / name for name in named]
    # Whatever lies beside the whole is none of it; one that lacks is told of.
    if not os.path.lexists(directory / SINGLE):
        there = {path.name for path in directory.glob(ANY)} - {*DERIVED_FILES.values()}
        if there:
            return [directory / name for name in sorted(there)]
    return [directory / SINGLE]
