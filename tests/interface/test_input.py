"""What a terminal sends, in pieces as they come."""

import random

import pytest
from hostile import PAYLOADS, strings
from recorder import CONTROLS
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste

from genesis_chat.tui.terminal.input import BEGIN, END, Decoder


def events(*pieces: bytes) -> list[object]:
    """What Textual makes of it."""
    decoder, parser = Decoder(), XTermParser()
    texts = (decoder.decode(piece) for piece in pieces)
    # Its driver, too, gives nothing on where nothing came.
    return [event for text in texts if text for event in parser.feed(text)]


def pieces(data: bytes, seed: int) -> list[bytes]:
    """Data as it may come from a terminal."""
    draw, found = random.Random(seed), []
    while data:
        size = draw.randrange(1, 40)
        found.append(data[:size])
        data = data[size:]
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_paste_is_one_paste_whatever_is_in_it(seed: int) -> None:
    texts = [*PAYLOADS, *strings(250 * (seed + 1), seed)[250 * seed :]]
    for number, text in enumerate(texts):
        if END in text:
            continue
        data = f"a{BEGIN}{text}{END}b".encode(errors="replace")
        found = events(*pieces(data, 1000 * seed + number))
        assert [type(event) for event in found] == [Key, Paste, Key], ascii(text)
        assert [found[0].key, found[2].key] == ["a", "b"]
        assert not CONTROLS.search(found[1].text.replace("\r", "")), ascii(text)


def test_keys_stay_keys_and_come_at_once() -> None:
    decoder = Decoder()
    assert decoder.decode(b"\x1b") == "\x1b"
    assert decoder.decode(b"[A\x11\x07") == "[A\x11\x07"
    assert decoder.decode(b"\xff\xc3(") == "\ufffd\ufffd("
    assert decoder.decode(b"\xe2\x82") == ""
    assert decoder.decode(b"", final=True) == "\ufffd"


def test_lines_and_characters_of_a_paste_come_whole() -> None:
    text = "é\rline\ttwo\r\n日本\x1b[201"
    data = f"{BEGIN}{text}x{END}".encode()
    for seed in range(50):
        (paste,) = events(*pieces(data, seed))
        assert isinstance(paste, Paste)
        assert paste.text == text.replace("\x1b", "\u241b") + "x"
