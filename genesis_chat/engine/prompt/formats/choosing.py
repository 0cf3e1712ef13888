"""The format of a model with a Hugging Face tokenizer."""

from collections.abc import Callable

from converters import Tokenizer
from converters.tokenization.hugging_face import HuggingFaceTokenizer

from ..rendering import Renderer, RenderingError
from .base import ChatFormat
from .plain import PlainFormat
from .probing import probe
from .template import TemplateFormat


def begin(tokenizer: Tokenizer, name: str) -> Callable[[], ChatFormat]:
    """See `open_format`."""
    assert isinstance(tokenizer, HuggingFaceTokenizer)
    if tokenizer.chat_template is None:
        found = PlainFormat(
            tokenizer,
            f"{name} has no chat template: it is given the conversation as a plain "
            "text for two voices, and may not have learned to answer.",
        )
        return lambda: found
    renderer = Renderer(tokenizer.chat_template)

    def finish() -> ChatFormat:
        try:
            return TemplateFormat(probe(tokenizer, renderer, name), renderer)
        except RenderingError as error:
            renderer.close()
            return PlainFormat(
                tokenizer,
                f"The chat template of {name} cannot be used ({error}): it is given "
                "the conversation as a plain text for two voices.",
            )

    return finish
