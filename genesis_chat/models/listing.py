"""Which adapters belong to which model, for lists of them."""

from dataclasses import replace

from ..errors import GenesisChatError
from .adapters import base_of
from .builtin import builtin
from .choice import look
from .folder import BUILTIN
from .store import InstalledModel, installed

# Where adapters are whose base is not there.
NOWHERE = ""


def adapters_by_base() -> dict[str, list[InstalledModel]]:
    """All adapters by the name of the model they are for, oldest first.

    Those without one are under `NOWHERE`, and say so as their `problem`. Nothing is
    prepared. Raises `ModelError`.
    """
    found: dict[str, list[InstalledModel]] = {}
    for model in installed():
        if not model.adapter:
            continue
        try:
            base = _base_name(model)
        except GenesisChatError as error:
            model, base = replace(model, problem=model.problem or str(error)), NOWHERE
        found.setdefault(base, []).append(model)
    return found


def _base_name(model: InstalledModel) -> str:
    assert model.adapter
    name = model.adapter.training.base.name
    if name == BUILTIN and not builtin().directory.is_dir():
        # What it will be is known when it is prepared.
        return name
    try:
        if look(name).adapter:
            # One on top of another, of which only the use tells whether it changed.
            return name
    except GenesisChatError:
        pass
    return base_of(model, look).name
