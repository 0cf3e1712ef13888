"""Keys that are spelled out, alone and in pastes (tmux, xterm, kitty)."""

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste

from genesis_chat.tui.terminal.input import BEGIN, END, Decoder


def events(*pieces: str) -> list[Key | Paste]:
    decoder, parser = Decoder(), XTermParser()
    texts = (decoder.decode(piece.encode()) for piece in pieces)
    return [e for text in texts if text for e in parser.feed(text)]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("one\x1b[13;1utwo", "one\rtwo"),
        ("one\x1b[13utwo", "one\rtwo"),
        ("one\x1b[13;5u\x1b[10;1utwo", "one\r\rtwo"),
        ("one\x1b[27;5;106~two", "one\rtwo"),
        ("one\x1b[106;5utwo\x1b[109;5uthree", "one\rtwo\rthree"),
        ("\x1b[9;1ux\x1b[105;5uy\x1b[27;1;9~", "\tx\ty\t"),
        ("\x1b[97;1u\x1b[97;2u\x1b[65;2u\x1b[33;2u", "aAA!"),
        ("\x1b[228;1u\x1b[12288;1u\x1b[128512u", "ä\u3000😀"),
        ("\x1b[97:65;2u\x1b[97;1:1u\x1b[97;1:3u\x1b[97;65u", "Aaa"),
        ("\x1b[0;;228u\x1b[97;2;65u", "äA"),
        # No text: shown, so that nothing is lost and nothing acts.
        ("\x1b[27;1u[2J\x1b[127;1u\x1b[3;5u", "␛[2J␡␃"),
        ("\x1b[57399;1u\x1b[1;5A\x1b[31m", "␛[57399;1u␛[1;5A␛[31m"),
        ("\x1b[99999999u\x1b[55296u", "␛[99999999u␛[55296u"),
    ],
)
def test_a_paste_gets_their_text(sent: str, text: str) -> None:
    data = f"{BEGIN}{sent}{END}x"
    for cut in range(1, len(data)):
        paste, key = events(data[:cut], data[cut:])
        assert isinstance(paste, Paste) and paste.text == text, cut
        assert isinstance(key, Key) and key.key == "x"


@pytest.mark.parametrize(
    ("sent", "key", "character"),
    [
        ("\x1b[27;5;106~", "ctrl+j", None),
        ("\x1b[27;5;97~", "ctrl+a", None),
        ("\x1b[27;2;13~", "shift+enter", None),
        ("\x1b[97;5u", "ctrl+a", None),
        ("\x1b[13;1u", "enter", None),
        ("\x1b[12288;1u", "ideographic_space", "\u3000"),
        ("\x1b[33;2u", "exclamation_mark", "!"),
        ("\x1b[27;2;63~", "question_mark", "?"),
        ("\x1b[65;2u", "A", "A"),
        ("\x1b[A", "up", None),
    ],
)
def test_a_key_is_the_key_it_is(sent: str, key: str, character: str | None) -> None:
    (event,) = events(sent)
    assert isinstance(event, Key)
    assert (event.key, event.character) == (key, character)


def test_a_lone_escape_comes_at_once() -> None:
    decoder = Decoder()
    assert decoder.decode(b"\x1b") == "\x1b"
    assert decoder.decode(b"[27;5") == "[27;5"
    assert decoder.decode(b"\x1b[27;5") == ""
    assert decoder.decode(b";106~") == "\x1b[106;5u"
    assert decoder.decode(b"\x1b[27;", final=True) == "\x1b[27;"
