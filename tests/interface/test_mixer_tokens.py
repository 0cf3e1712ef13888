"""Tokens of a conversation as words."""

from genesis_chat.engine import PromptTokens
from genesis_chat.tui.mixers.tokens import Tokens


def test_a_word_of_several_tokens_is_named_whole() -> None:
    heard = Tokens()
    heard.begin(PromptTokens(("", "You", " live", " in", " L", "is", "be", "."), (0,)))
    assert heard.last(2) == (1, "Lisbe")
    assert heard.last(4) == heard.last(3) == (1, "Lisbe")
    assert heard.last(5) == (2, "in Lisbe")
    # Where a character of several tokens is complete, and at the very beginning.
    heard.begin(PromptTokens(("caf", "", "é", "s"), (0,)))
    assert heard.last(1) == heard.last(99) == (1, "cafés")
