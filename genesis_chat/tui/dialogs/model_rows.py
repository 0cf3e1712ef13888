"""The models that can be chosen, as rows of a list."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...models import (
    InstalledModel,
    adapters_by_base,
    builtin,
    cached_models,
    installed,
)
from ..widgets.shown import size

DEMO = "Built-in demo: small talk, capitals and sums only"


@dataclass(frozen=True)
class Row:
    """A model to choose; `problem` is a sentence when it cannot be used.

    Rows of a `group` stand below its name, and adapters below their model's row, at a
    `depth` of one or more.
    """

    name: str
    detail: str
    problem: str
    group: str = ""
    depth: int = 0


def model_rows() -> list[Row]:
    """All there are, each followed by its adapters."""
    adapters = adapters_by_base()

    def rows(model: InstalledModel, group: str, depth: int = 0) -> Iterator[Row]:
        """A model and its adapters, and theirs."""
        yield Row(model.name, _detail(model), model.problem or "", group, depth)
        for each in adapters.pop(model.name, []):
            yield from rows(each, group, depth + 1)

    models = [each for each in installed() if not each.adapter]
    found = [row for model in models for row in rows(model, "Installed")]
    # Prepared or not, it can be chosen.
    found += rows(replace(builtin(), problem=None), DEMO)
    for model in cached_models():
        found += rows(model, "In Hugging Face's cache")
    # Those of a model at a path, and those whose model is not there.
    left = [each for name in list(adapters) for each in adapters.pop(name, [])]
    return found + [row for each in left for row in rows(each, "Other adapters")]


def _detail(model: InstalledModel) -> str:
    """Parameters, dtype, size on the disk and license, as far as they are known."""
    manifest = model.manifest
    parts: tuple[str | None, ...] = ()
    if model.adapter is not None:
        data = model.adapter.training.data.name
        parts = ("adapter", size(model.bytes), f"trained on {data}")
    if manifest is not None:
        bits = manifest.quantization
        kind = f"{bits}-bit" if bits else manifest.dtype
        count = _parameters(manifest.parameters)
        parts = (count, kind, size(model.bytes), manifest.license)
    elif model.folder is not None:
        kind = model.folder.quantization or ""
        license = model.folder.license
        parts = (model.folder.model_type, kind, size(model.bytes), license)
    return " · ".join(part for part in parts if part)


def _parameters(count: int) -> str:
    million = count / 1e6
    return f"{million / 1000:.3g}B" if million >= 1000 else f"{million:.3g}M"
