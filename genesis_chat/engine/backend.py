"""Which backend runs a model on this computer, and why."""

from backends import registry
from backends.errors import ChoiceError, ConfigError
from backends.registry import DEFAULT_TYPE, Choice

from ..errors import ModelError, UsageError


def choose_backend(
    name: str = "auto",
    dtype: str | None = None,
    model_type: str = DEFAULT_TYPE,
) -> Choice:
    """The backend for a name: with "auto" MLX where there is Metal, else the CPU's.

    A dtype that only one of them has decides, whatever the device.
    Raises `UsageError` for a name that nobody knows, a dtype that the named backend
    cannot compute in, or MLX where it is not installed; `ModelError` for a type of
    model that nothing runs.
    """
    try:
        return registry.choose(model_type, name, dtype)
    except ChoiceError as error:
        raise UsageError(str(error)) from error
    except ConfigError as error:
        raise ModelError(str(error)) from error
