"""The content of a message: a text, or parts with text."""

from .errors import unsupported, wrong
from .fields import Fields, characters


def text_of(content: object, where: str) -> str:
    """The text in a content. Raises `ApiError`."""
    if isinstance(content, str):
        return characters(content)
    if not isinstance(content, list):
        raise wrong(where, "must be a string or a list of parts with text.")
    texts = []
    for number, part in enumerate(content):
        fields = Fields(part, f"{where}[{number}]")
        kind = fields.any("type")
        if kind != "text":
            raise unsupported(
                f"{where}[{number}].type", "only text can be read: no images or files."
            )
        texts.append(fields.text("text") or "")
        fields.finish()
    return "".join(texts)
