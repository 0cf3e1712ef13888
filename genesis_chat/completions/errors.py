"""Errors in OpenAI's form."""

from typing import Any

from ..errors import (
    ContextFullError,
    GenesisChatError,
    ModelError,
    TemplateError,
    ToolError,
    UsageError,
)


class ApiError(Exception):
    """An error as it is answered.

    Attributes:
        status: of HTTP.
        message: a sentence that says what to do.
        param: the field that is wrong, such as `messages[0].role`.
        code: a short name for programs.
        retry_after: seconds after which it is worth trying again.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param
        self.code, self.retry_after = code, retry_after

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        if self.status == 429:
            kind = "rate_limit_error"
        return {
            "error": {
                "message": self.message,
                "type": kind,
                "param": self.param,
                "code": self.code,
            }
        }

    @classmethod
    def of(cls, error: GenesisChatError) -> "ApiError":
        """What an engine has refused or failed at.

        Sentences about failures may name files, which are nobody else's business.
        """
        if isinstance(error, ContextFullError):
            return cls(400, str(error), code="context_length_exceeded")
        if isinstance(error, ToolError):
            return unsupported(error.field, str(error))
        if isinstance(error, TemplateError):
            return cls(400, str(error), param="messages")
        if isinstance(error, UsageError):
            return cls(400, str(error))
        if isinstance(error, ModelError):
            return cls(
                500, "The model cannot be loaded, or not take this conversation."
            )
        return cls(500, "The model failed while it replied.")


def wrong(param: str, message: str) -> ApiError:
    """A field whose value cannot be used."""
    return ApiError(400, f"{param}: {message}", param=param, code="invalid_value")


def unsupported(param: str, message: str) -> ApiError:
    """A field, or a value of it, that nothing here can do."""
    return ApiError(
        400, f"{param}: {message}", param=param, code="unsupported_parameter"
    )
