"""Which model is asked for, and how it is to run."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from os import PathLike
from typing import Any, Self, TypedDict

from .setting_table import SETTINGS
from .settings import BackendName, ComputeDtype


class ModelOptions(TypedDict, total=False):
    """How a model is to run, as keywords.

    Attributes:
        dtype: what to compute in; None suits the device.
        backend: "mlx", "cpu", or the one that suits the computer and the dtype.
        delta_rule: run gated linear attention by the gated delta rule, which the
            model card claims and the reference never generates with.
        force: load it although its weights exceed the memory.
    """

    dtype: ComputeDtype | None
    backend: BackendName
    delta_rule: bool
    force: bool


@dataclass(frozen=True)
class ModelChoice:
    """A model and how it is to run.

    `name` is an installed model's name or a path, None the default model. `dtype`
    None suits the device. `switches` are those on which it is loaded with. With
    `force` it may be larger than the memory.
    """

    name: str | PathLike[str] | None = None
    dtype: ComputeDtype | None = None
    backend: BackendName = "auto"
    switches: frozenset[str] = frozenset()
    force: bool = False

    @classmethod
    def of(cls, name: str | PathLike[str] | None, options: Mapping[str, Any]) -> Self:
        """From `ModelOptions`, in which what is on or off is a switch.

        Raises `TypeError` for a keyword that is none of them, and for values of
        another type, `OutOfRangeError` for a dtype or a backend that does not exist.
        """
        if not isinstance(name, str | PathLike | None):
            raise TypeError(
                f"model must be a name or a path, not {type(name).__name__}."
            )
        if unknown := options.keys() - ModelOptions.__annotations__.keys():
            raise TypeError(f"A model has no option {', '.join(sorted(unknown))}.")
        own = {field.name for field in fields(cls)} & options.keys()
        for key in (options.keys() - own) | ({"force"} & own):
            if not isinstance(options[key], bool):
                kind = type(options[key]).__name__
                raise TypeError(f"{key} must be a bool, not {kind}.")
        for key in {"dtype", "backend"} & options.keys():
            if key == "backend" or options[key] is not None:
                SETTINGS[key].check(options[key])
        on = (key for key in options.keys() - own if options[key])
        return cls(name, **{key: options[key] for key in own}, switches=frozenset(on))

    def named(self, name: str | PathLike[str] | None) -> Self:
        """Another model, run in the same way."""
        return replace(self, name=name)


ANY_MODEL = ModelChoice()
