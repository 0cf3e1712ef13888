"""Errors a person may see: each message is one sentence that says what to do."""


class GenesisChatError(Exception):
    """Base of every error raised on purpose; the command line exits with its code."""

    exit_code = 1


class UsageError(GenesisChatError):
    """A value that cannot be used, such as a model name with a slash."""

    exit_code = 2


class WrongTypeError(UsageError, TypeError):
    """A value of another type than it must have, such as a text for a number."""


class OutOfRangeError(UsageError, ValueError):
    """A value of the right type that it cannot be, such as a temperature below 0."""


class ToolError(UsageError):
    """Tools, or calls of them, that a model's chat template has no place for.

    `field` is the one of a request that asks for them.
    """

    def __init__(self, message: str, field: str = "tools") -> None:
        super().__init__(message, field)
        self.field = field

    def __str__(self) -> str:
        return str(self.args[0])


class ModelError(GenesisChatError):
    """A model that is missing, damaged, or could not be installed."""


class TemplateError(ModelError):
    """A conversation that a model's chat template cannot write."""


class ContextFullError(GenesisChatError):
    """A message that does not fit the model's context."""


class GenerationError(GenesisChatError):
    """Generation failed in the middle of a reply; what had come stands."""


class HistoryError(GenesisChatError):
    """A conversation that is not there, or a history that cannot be read or kept."""


class ConfigError(GenesisChatError):
    """A settings file that cannot be read or written."""


class PromptError(GenesisChatError):
    """A named system prompt that is not there, or cannot be kept."""
