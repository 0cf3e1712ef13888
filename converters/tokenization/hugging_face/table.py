"""The bytes that each token of a tokenizer.json stands for."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import ConversionError
from ..base import byte_of_character

SPACE = "\u2581"
_JOINING = {"Fuse", "ByteFallback", "Strip", "Replace", "Metaspace", "ByteLevel"}


class Decoder:
    """How tokens become text, as a tokenizer.json's `decoder` says.

    `strips_space` says that the space before a text's first word stands for nothing.

    Raises `ConversionError` for decoders whose tokens do not each stand for bytes.
    """

    def __init__(self, decoder: Any, name: str) -> None:
        steps = list(_flat(decoder))
        unknown = {str(step.get("type")) for step in steps} - _JOINING
        if unknown or not steps:
            kinds = ", ".join(sorted(unknown)) or "none"
            raise ConversionError(
                f"{name} turns tokens into text in a way that cannot be written token "
                f"by token (decoder: {kinds})."
            )
        kinds_found = {step["type"] for step in steps}
        self._byte_level = byte_of_character() if "ByteLevel" in kinds_found else None
        self._byte_fallback = "ByteFallback" in kinds_found
        self._replaced: list[tuple[str, str]] = []
        self.strips_space = False
        for step in steps:
            if step["type"] == "Metaspace":
                self._replaced.append((step.get("replacement", SPACE), " "))
                scheme = step.get("prepend_scheme", "always")
                self.strips_space |= scheme != "never"
            elif step["type"] == "Replace":
                pattern = step.get("pattern")
                old = pattern.get("String") if isinstance(pattern, dict) else None
                if isinstance(old, str):
                    self._replaced.append((old, str(step.get("content", ""))))
            elif step["type"] == "Strip" and step.get("content") == " ":
                self.strips_space |= step.get("start", 0) > 0

    def bytes_of(self, token: str) -> bytes:
        """The bytes of a token of the vocabulary."""
        if self._byte_fallback and len(token) == 6 and token.startswith("<0x"):
            try:
                return bytes([int(token[3:5], 16)])
            except ValueError:
                return token.encode()
        if self._byte_level is not None:
            # Tokens with a character outside the alphabet are plain text.
            mapped = [self._byte_level.get(character) for character in token]
            if None not in mapped:
                return bytes(byte for byte in mapped if byte is not None)
        return self.bytes_of_added(token)

    def bytes_of_added(self, token: str) -> bytes:
        """The bytes of an added token, which is no byte's stand-in."""
        for old, new in self._replaced:
            token = token.replace(old, new)
        return token.encode("utf-8", errors="replace")


def _flat(decoder: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(decoder, dict):
        if decoder.get("type") == "Sequence":
            parts = decoder.get("decoders")
            for each in parts if isinstance(parts, list) else ():
                yield from _flat(each)
        else:
            yield decoder
