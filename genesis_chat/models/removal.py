"""Removing installed models and adapters."""

from ..errors import ModelError, UsageError
from .adapters import forget
from .folder import check_name, is_hub_id
from .store import find


def remove(name: str) -> None:
    """Delete an installed model or adapter; the built-in one stays.

    Raises `UsageError`, `ModelError`.
    """
    from converters import ConversionError
    from converters.storage import remove_directory

    if is_hub_id(name):
        raise UsageError(
            f"{name} is in the Hub's cache, which is not ours to delete from; "
            "use: hf cache rm"
        )
    model = find(check_name(name))
    try:
        remove_directory(model.directory, waiting=lambda: None)
    except ConversionError as error:
        raise ModelError(str(error)) from error
    forget(name)
