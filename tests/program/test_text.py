"""Shown text never acts on the terminal, and ordinary text is left alone."""

import random
import unicodedata

import pytest

from genesis_chat.text import sanitize, slug

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
PIECES = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *BIDI,
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://example.com\x1b\\",
    "\x9b2J",
    "\x1bP1$r\x1b\\",
    "\r\n",
    "\U000e0041",
    "\ud800",
    "\udfff",
    "plain text",
    "é",
    "日本",
    "👩\u200d👩\u200d👧",
]
ORDINARY = [
    "",
    "Hello, world!\n\tIndented\n",
    "naïve café, Åström, e\u0301, ﬁ, ½",
    "日本語, العربية, עברית, हिन्दी",
    "👩‍👩‍👧 👍🏽 🇫🇷 ❤️",
    "क्\u200cष",
    "a\u00a0b\u2028c\u00ad",
    "\ufffd \u2400 \\x1b U+202E",
    "# *Markdown* `code` <b>x</b> & \\ \"'",
]


def forbidden(character: str) -> bool:
    if character in "\n\t":
        return False
    return unicodedata.category(character) in ("Cc", "Cs") or character in BIDI


def strings(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        text = "".join(rng.choices(PIECES, k=rng.randint(0, 10)))
        anything = [chr(rng.randrange(0x110000)) for _ in range(rng.randint(0, 10))]
        found.append(text + "".join(anything))
    return found


def test_generated_strings_become_harmless() -> None:
    generated = strings(5000, seed=20)
    assert sum(any(map(forbidden, text)) for text in generated) > 4000
    for text in generated:
        clean = sanitize(text)
        assert not any(map(forbidden, clean)), ascii(text)
        clean.encode()
        assert sanitize(clean) == clean, ascii(text)


def test_pieces_of_a_stream_give_the_same_as_the_whole() -> None:
    rng = random.Random(21)
    for text in strings(500, seed=22):
        at = rng.randrange(len(text) + 1)
        assert sanitize(text[:at]) + sanitize(text[at:]) == sanitize(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_untouched(text: str) -> None:
    assert sanitize(text) == text


def test_every_printable_character_is_untouched() -> None:
    printable = "".join(c for c in map(chr, range(0x110000)) if c.isprintable())
    assert sanitize(printable) == printable


def test_what_is_replaced_stays_visible() -> None:
    assert sanitize("\x1b[31mred\x07") == "\u241b[31mred\u2407"
    assert sanitize("\u202eevil") == "U+202Eevil"
    assert sanitize("one\r\ntwo") == "one\ntwo"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("My name is Bob.", "my-name-is-bob"),
        ("../etc/passwd: a \x00\n\u202e b", "etc-passwd-a-b"),
        ("Ärger mit हिन्दी 東京", "ärger-mit-हिन्दी-東京"),
        ("word " * 40, "word-word-word-word-word-word-word-word-word-wor"),
        ("…!?", ""),
    ],
)
def test_a_title_becomes_a_part_of_a_file_name(title: str, name: str) -> None:
    assert slug(title) == name
