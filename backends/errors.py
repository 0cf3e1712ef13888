"""Errors of the backends. Each message is one sentence a person can act on."""

MAX_SHOWN = 160
# What to do about a model that is used where it lies.
AGAIN = "; get the model again"


class BackendError(RuntimeError):
    """Base of every error raised on purpose by a backend."""


class ChoiceError(BackendError):
    """A backend or dtype was asked for that does not do here."""


class ConfigError(BackendError):
    """A model configuration that cannot be run.

    `unknown` holds the field names nobody knows, when that is the reason.
    """

    def __init__(self, message: str, unknown: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.unknown = unknown


class UnsupportedError(ConfigError):
    """A whole and usual configuration that this backend does not run.

    Another backend may.
    """


class WeightsError(BackendError):
    """A weights file that is damaged or does not fit its configuration."""


class TokenError(BackendError):
    """A token id outside the model's vocabulary."""


class ContextError(BackendError):
    """More tokens than the model's context holds."""


class CacheError(BackendError):
    """A cache that belongs to another model or is damaged."""


class NonFiniteLogitsError(BackendError):
    """The model produced NaN or infinity; what was generated before stands."""


class TrainingError(BackendError):
    """Examples, settings or a checkpoint that training cannot go on with."""


def shown(text: str) -> str:
    """Text from a foreign file as it may stand inside a sentence of ours."""
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
