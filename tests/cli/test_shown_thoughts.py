"""What a model thinks is shown on a terminal, beside the reply, and nowhere else."""

import sys

import pytest

from genesis_chat.cli.show import Thoughts


def show(*pieces: str) -> None:
    thoughts = Thoughts()
    thoughts.close()
    for piece in pieces:
        thoughts.show(piece)
    thoughts.close()
    thoughts.close()


def test_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show("Hm", "\x1b[2J.")
    out, err = capsys.readouterr()
    assert out == ""
    # No control character of the model's acts, and a blank line follows.
    assert "Hm" in err and "\x1b[2J" not in err and err.endswith("\n\n")
    show()
    assert capsys.readouterr() == ("", "")


def test_elsewhere_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    show("Hm.")
    assert capsys.readouterr() == ("", "")
