"""What the interface changes of its process, it gives back."""

import gc
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from turns import GREEDY
from waiting import PATIENCE_SECONDS

from genesis_chat.model_choice import ModelChoice
from genesis_chat.tui.app import SIGNALS, GenesisApp
from genesis_chat.tui.start import Start
from genesis_chat.tui.terminal.process import few_full_collections, signals_go_to


def handlers() -> list[object]:
    return [signal.getsignal(getattr(signal, name)) for name in SIGNALS]


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_signals(error: type[BaseException] | None) -> None:
    before, seen = handlers(), []

    def outer(number: int, frame: object) -> None:
        seen.append(("outer", number))

    def inner(number: int, frame: object) -> None:
        seen.append(("inner", number))

    with signals_go_to(outer, SIGNALS):
        if error:
            with pytest.raises(error), signals_go_to(inner, ["SIGINT", "SIGNONE"]):
                raise error
        else:
            with signals_go_to(inner, ["SIGINT", "SIGNONE"]):
                signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert seen[-1] == ("outer", signal.SIGINT) and len(seen) == 2 - bool(error)
    assert handlers() == before


def test_a_handler_that_python_did_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program that has Python inside: it cannot be set again."""
    before, set_to = signal.getsignal(signal.SIGINT), []

    def set_signal(number: int, handler: object) -> None:
        assert handler is not None
        set_to.append(handler)

    monkeypatch.setattr(signal, "signal", set_signal)
    with signals_go_to(print, ["SIGINT"]):
        pass
    assert set_to == [print, signal.SIG_DFL]
    assert signal.getsignal(signal.SIGINT) == before


def test_collections_of_garbage() -> None:
    before = gc.get_threshold()
    with few_full_collections():
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > before[2]
    assert gc.get_threshold() == before


def test_a_terminal_that_is_gone_is_noticed_by_another_thread(tmp_path: Path) -> None:
    """Which lets go of the history, though it may not touch any signal."""
    choice = ModelChoice("builtin")
    app = GenesisApp(Start(choice, settings=GREEDY, history=tmp_path / "h.sqlite3"))
    closed: list[object] = []

    def close(keep: Callable[[], None]) -> None:
        try:
            keep()
            closed.append("in order")
        except BaseException as error:
            closed.append(error)

    with signals_go_to(app.leave, SIGNALS):
        thread = threading.Thread(target=close, args=(app.close,))
        thread.start()
        thread.join(PATIENCE_SECONDS)
    assert closed == ["in order"]
