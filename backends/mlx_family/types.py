"""Which types of models mlx-lm has, told without importing it or MLX."""

import ast
import re
from functools import cache
from pathlib import Path

from . import library

# Tables in mlx-lm's loader that send one type of model to another's module.
REMAPPING = "MODEL_REMAPPING"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def has_model(model_type: str) -> bool:
    """Whether mlx-lm, as it is installed here, has a module for a type of model."""
    return model_file(model_type) is not None


def model_file(model_type: str) -> Path | None:
    """The module of a type of model, None where mlx-lm has none."""
    folder = library.models_folder()
    if folder is None or not NAME.fullmatch(model_type):
        return None
    for name in (model_type, _remapping().get(model_type)):
        if name is not None and _is_model(path := folder / f"{name}.py"):
            return path
    return None


def _is_model(path: Path) -> bool:
    """Whether a file is a model's and not one that models share."""
    return path.is_file() and "\nclass ModelArgs" in path.read_text(encoding="utf-8")


@cache
def _remapping() -> dict[str, str]:
    folder = library.models_folder()
    if folder is None:
        return {}
    source = (folder.parent / "utils.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == REMAPPING:
            found: dict[str, str] = ast.literal_eval(node.value)
            return found
    return {}
