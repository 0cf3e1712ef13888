"""What a terminal sends, in pieces as they come."""

import base64
import os
import random
import threading

import pytest
from hostile import PAYLOADS, strings
from recorder import CONTROLS
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, Paste

from genesis_chat.tui.terminal.driver import Terminal, _Ending
from genesis_chat.tui.terminal.input import BEGIN, END, Decoder
from genesis_chat.tui.terminal.terminal import TerminalApp


def events(*pieces: bytes, wanted: threading.Event | None = None) -> list[object]:
    """What Textual makes of it."""
    decoder, parser = Decoder(wanted), XTermParser()
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
        first, pasted, last = found
        assert isinstance(first, Key) and isinstance(last, Key), ascii(text)
        assert [first.key, last.key] == ["a", "b"]
        assert isinstance(pasted, Paste), ascii(text)
        assert not CONTROLS.search(pasted.text.replace("\r", "")), ascii(text)


def test_a_paste_whose_end_is_lost_ends_with_a_pause() -> None:
    decoder, parser = Decoder(), XTermParser()

    def got(*pieces: bytes) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for piece in pieces:
            text = decoder.decode(piece) if piece else decoder.pause()
            for each in parser.feed(text) if text else ():
                if isinstance(each, Paste):
                    found.append(("", each.text))
                elif isinstance(each, Key):
                    found.append((each.key, ""))
        return found

    begin, end, pause = BEGIN.encode(), END.encode(), b""
    # Nothing else ends with one.
    assert got(pause, b"a", pause, b"\x1b[A", pause) == [("a", ""), ("up", "")]
    assert got(begin + b"one\r\x1b[2", pause) == [("", "one\r")]
    assert got(b"x", b"\x1b[A", b"\r") == [("x", ""), ("up", ""), ("enter", "")]
    # A slow line brings the rest later: it is no keys.
    assert got(begin + b"one\r", pause) == [("", "one\r")]
    assert got(b"two\rthree" + end, b"y") == [("", "two\rthree"), ("y", "")]
    assert got(begin + b"one", pause, end, b"z") == [("", "one"), ("z", "")]
    # A character comes in parts, and the mouse goes on meanwhile.
    assert got(begin + b"a" + "é".encode()[:1], pause) == [("", "a")]
    assert got("é".encode()[1:] + b"\rb" + end) == [("", "é\rb")]
    assert got(begin + b"a", pause) == [("", "a")]
    decoder.decode(b"\x1b[<35;1;1M\x1b[I")
    assert got(pause, b"b\rc" + end) == [("", "b\rc")]
    # The end may come in parts, with the pause in it, and what looks like it be text.
    for place in range(len(end) + 1):
        assert got(begin + b"a" + end[:place], pause) == [("", "a")]
        assert got(end[place:], b"z") == [("z", "")]
    assert got(begin + b"a\x1b[2", pause, b"b" + b"c" + end) == [
        ("", "a"),
        ("", "\u241b[2bc"),
    ]
    # One character of the rest does not make keys of what follows it.
    assert got(begin + b"a", pause, b"b", b"\rc\r", pause) == [
        ("", "a"),
        ("b", ""),
        ("", "\rc\r"),
    ]
    # Whoever types meanwhile types keys, and another paste is a paste.
    assert got(b"x", pause, b"y\r") == [("x", ""), ("y", ""), ("enter", "")]
    assert got(begin + b"a", pause, b"\x1b[A\x1b[A") == [
        ("", "a"),
        ("up", ""),
        ("up", ""),
    ]
    for place in range(len(begin) + 1):
        assert got(begin + b"a", pause) == [("", "a")]
        again = [begin[:place], begin[place:] + b"new " + end]
        assert got(*filter(None, again))[-1:] == [("", "new ")]


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


def clipboard(text: str, end: str = "\x07") -> bytes:
    """What a terminal says of its clipboard."""
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}{end}".encode()


@pytest.mark.parametrize("end", ["\x07", "\x1b\\"])
@pytest.mark.parametrize("seed", range(10))
def test_what_a_terminal_says_of_the_clipboard_is_one_paste(
    seed: int, end: str
) -> None:
    text = f"é\r\none\ttwo\n\x1b[31m{END}\x11" * (1 + 40 * seed)
    wanted = threading.Event()
    wanted.set()
    data = b"a" + clipboard(text, end) + b"b" + clipboard("again", end) + b"c"
    # An escape alone is a key: terminals send it with what follows.
    marked = b"\0".join(pieces(data, seed)).replace(b"\x1b\0]", b"\0\x1b]")
    found = events(*filter(None, marked.split(b"\0")), wanted=wanted)
    before, paste, *after = found
    assert isinstance(before, Key) and isinstance(paste, Paste)
    # Once asked is once answered.
    assert [key.key for key in (before, *after) if isinstance(key, Key)] == [*"abc"]
    assert len(after) == 2
    assert paste.text.count("\r") == text.count("\n")
    assert not CONTROLS.search(paste.text.replace("\r", ""))


def test_what_nobody_asked_for_and_what_is_none_is_no_paste() -> None:
    wanted = threading.Event()
    keys = events(b"a", clipboard("hidden"), b"b", wanted=wanted)
    assert [getattr(key, "key", None) for key in keys] == ["a", "b"]
    wanted.set()
    for said in (clipboard(""), b"\x1b]52;c;A\x07"):
        found = events(b"a", said, b"b", wanted=wanted)
        assert [getattr(key, "key", None) for key in found] == ["a", "b"]
        assert wanted.is_set()


def test_what_was_typed_before_the_start_comes_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, silent, keys = TerminalApp(), os.pipe(), []
    app.typed = b"hi\r"

    def no_terminal(driver: LinuxDriver, app: TerminalApp) -> None:
        driver._app, driver._debug, driver.fileno = app, False, silent[0]

    monkeypatch.setattr(LinuxDriver, "__init__", no_terminal)
    driver = Terminal(app)
    monkeypatch.setattr(driver, "process_message", lambda key: keys.append(key.key))
    # As when another program has the terminal in between.
    for _ in range(2):
        driver.exit_event.set()
        driver.run_input_thread()
        driver.exit_event.clear()
    assert keys == ["h", "i", "enter"]
    assert isinstance(driver.exit_event, _Ending)
    for each in (*silent, driver._woken, driver.exit_event._wake):
        os.close(each)
