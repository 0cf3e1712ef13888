"""What the headers of safetensors files tell of a model of another family."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.text_files import LARGEST_JSON, read_text
from backends.weights_damage import weights_damage

from .errors import ConversionError, shown

DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
# Words of 32 bits that MLX packs quantised numbers into.
PACKED = "U32"
BESIDE_PACKED = (".scales", ".biases")


@dataclass(frozen=True)
class Tensors:
    """`dtype` of most floats, `bits` of the packed matrices, numbers in all."""

    dtype: str
    bits: int | None
    parameters: int


def look_at_tensors(config: Path, files: Sequence[Path]) -> Tensors:
    """Read a configuration and every header. Raises `ConversionError`."""
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, tuple[str, int]] = {}
    for path in files:
        try:
            with safe_open(str(path), framework="numpy") as file:
                for name in file.keys():  # noqa: SIM118 - not a dict
                    part = file.get_slice(name)
                    shapes[name] = part.get_dtype(), math.prod(part.get_shape())
        except (OSError, SafetensorError) as error:
            clause = weights_damage(path, error)
            raise ConversionError(f"{shown(path.name)} {clause}.") from error
    steps = _quantization(config)
    packed = {name for name, (dtype, _) in shapes.items() if dtype == PACKED}
    modules = {name.removesuffix(".weight") for name in packed}
    floats: Counter[str] = Counter()
    count = 0
    for name, (dtype, numbers) in shapes.items():
        module, _, last = name.rpartition(".")
        if module in modules and f".{last}" in BESIDE_PACKED:
            floats[dtype] += numbers
        elif name in packed:
            count += numbers * 32 // _bits(steps, name.removesuffix(".weight"))
        else:
            floats[dtype] += numbers
            count += numbers
    usual = [dtype for dtype, _ in floats.most_common() if dtype in DTYPES]
    dtype = DTYPES[usual[0]] if usual else "mixed"
    return Tensors(dtype, _bits(steps, "") if packed else None, count)


def _quantization(config: Path) -> dict[str, Any]:
    content = json.loads(read_text(config, LARGEST_JSON).text)
    for key in ("quantization", "quantization_config"):
        if isinstance(steps := content.get(key), dict):
            return steps
    return {}


def _bits(steps: dict[str, Any], module: str) -> int:
    """Of a module that has its own, else of all; four where nothing is said."""
    own = steps.get(module)
    for part in (own, steps):
        if isinstance(part, dict) and type(part.get("bits")) is int:
            return max(1, int(part["bits"]))
    return 4
