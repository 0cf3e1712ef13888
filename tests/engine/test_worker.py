"""The engine in a process of its own: crashes, ends, and nothing between the lines."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from loaded import loaded
from turns import GREEDY, WILD, finished
from waiting import wait_until

from genesis_chat import Genesis
from genesis_chat.chat import Chat
from genesis_chat.engine import (
    Finished,
    LocalEngine,
    PromptProgress,
    Request,
    Text,
    WorkerEngine,
)
from genesis_chat.engine.worker import process
from genesis_chat.engine.worker.messages import LOADING, Load
from genesis_chat.errors import (
    ContextFullError,
    GenerationError,
    ModelError,
    UsageError,
)
from genesis_chat.history import Store
from genesis_chat.model_choice import ANY_MODEL

NAME = Request("My name is Bob.", GREEDY, "You are a helpful assistant.")
STORY = replace(NAME, content="Tell me a story", settings=WILD)


def is_running(pid: int) -> bool:
    """A process that is there and not only waited for."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_both_carriers_tell_the_same(worker: WorkerEngine, genesis: Genesis) -> None:
    local = LocalEngine(loaded(genesis))
    assert worker.model == loaded(genesis).facts
    for request in (NAME, replace(STORY, settings=replace(WILD, max_tokens=50))):
        found, expected = list(worker.reply(request)), list(local.reply(request))
        for here, there in zip(found, expected, strict=True):
            if isinstance(here, Finished) and isinstance(there, Finished):
                assert here.context == there.context
                assert here.reply.token_ids == there.reply.token_ids
                assert here.reply.text == there.reply.text
            else:
                assert here == there
    assert worker.context(NAME) == local.context(NAME)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (replace(NAME, settings=replace(GREEDY, top_p=2)), UsageError),
        (replace(NAME, content="word " * 3000), ContextFullError),
    ],
)
def test_errors_are_the_same(
    request_: Request, error: type[Exception], worker: WorkerEngine, genesis: Genesis
) -> None:
    with pytest.raises(error) as local:
        list(LocalEngine(loaded(genesis)).reply(request_))
    with pytest.raises(error) as remote:
        list(worker.reply(request_))
    assert str(remote.value) == str(local.value)
    assert finished(worker.reply(NAME)).finish_reason == "stop"


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_a_model_that_cannot_be_loaded(damage: str, tmp_path: Path) -> None:
    directory = tmp_path / "model"
    if damage == "empty":
        directory.mkdir()
    engine = WorkerEngine(directory, "mine")
    for _ in range(2):
        with pytest.raises(ModelError, match="model"):
            list(engine.reply(NAME))
    engine.close()


def test_a_model_lost_between_two_turns_is_loaded_again(worker: WorkerEngine) -> None:
    expected = finished(worker.reply(NAME)).token_ids
    first = worker.pid
    assert first
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not is_running(first))
    assert finished(worker.reply(NAME)).token_ids == expected
    assert worker.pid != first


@pytest.mark.parametrize("moment", ["loading", "reading", "writing"])
def test_after_a_crash_the_conversation_goes_on(
    moment: str, worker: WorkerEngine, tmp_path: Path, genesis: Genesis
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(worker, store)
        if moment != "loading":
            finished(chat.reply(NAME.content, GREEDY))
        first = worker.pid
        assert first
        shown = ""
        if moment == "loading":
            os.kill(first, signal.SIGKILL)
        try:
            for event in chat.reply("Tell me a story", WILD):
                shown += event.text if isinstance(event, Text) else ""
                kind = PromptProgress if moment == "reading" else Text
                if isinstance(event, kind) and worker.pid == first:
                    os.kill(first, signal.SIGKILL)
                if isinstance(event, Finished):
                    assert event.reply.finish_reason == "error"
            raise AssertionError("no error")
        except (GenerationError, ModelError) as error:
            assert "signal 9" in str(error)
        assert chat.conversation is not None
        # Of the crashed reply everything that was shown is kept.
        messages = store.messages(chat.conversation.id)
        assert messages[-1 if shown else 0].content == (shown or messages[0].content)
        reply = finished(chat.reply("What is my name?", GREEDY))
        assert worker.pid != first
        assert reply.finish_reason in ("stop", "length")
        # The same as from an engine that reads all of it anew.
        afresh = Chat(LocalEngine(loaded(genesis)), store, chat.conversation)
        assert chat.head is not None
        expected = finished(afresh.regenerate(chat.head, GREEDY))
        assert reply.token_ids == expected.token_ids
        assert store.check() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_its_parent(
    number: signal.Signals, builtin: Path, private_home: Path
) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from genesis_chat.engine import Request, WorkerEngine\n"
        "from genesis_chat.settings import GenerationSettings\n"
        "engine = WorkerEngine(Path(sys.argv[1]), 'builtin')\n"
        "settings = GenerationSettings(temperature=50, top_k=0, top_p=1.0,\n"
        "                              max_tokens=900, seed=1)\n"
        "for event in engine.reply(Request('x', settings)):\n"
        "    print(engine.pid, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(builtin)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(number)
    wait_until(lambda: not is_running(pid))


def test_interrupts_and_closed_terminals_are_for_the_interface(
    worker: WorkerEngine,
) -> None:
    assert worker.pid
    assert worker.model.name == "builtin"
    assert os.getsid(worker.pid) != os.getsid(0)
    assert os.getpgid(worker.pid) != os.getpgid(0)


def test_closing_it_ends_the_process(worker: WorkerEngine) -> None:
    pid = worker.pid
    assert pid and is_running(pid)
    worker.close()
    assert worker.pid is None
    wait_until(lambda: not is_running(pid))


@pytest.fixture
def noisy(builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place whose Python prints to both streams, as native libraries do."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import os, threading, time\n"
        "def noise():\n"
        "    while True:\n"
        "        os.write(1 if started() else 2, b'NOISE' * 20 + b'\\n')\n"
        "        time.sleep(0.001)\n"
        "def started():\n"
        "    return os.fstat(1)[:2] == os.fstat(2)[:2]\n"
        "threading.Thread(target=noise, daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    return builtin


def test_prints_of_libraries_reach_nobody(
    noisy: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = WorkerEngine(noisy, "builtin")
    try:
        assert finished(engine.reply(NAME)).finish_reason == "stop"
        assert finished(engine.reply(NAME)).finish_reason == "stop"
    finally:
        engine.close()
    assert capfd.readouterr() == ("", "")


def test_a_closed_reply_does_not_reach_the_next_one(worker: WorkerEngine) -> None:
    expected = finished(worker.reply(NAME)).token_ids
    for _ in range(5):
        events = worker.reply(STORY)
        next(event for event in events if isinstance(event, Text))
        events.close()
        assert finished(worker.reply(NAME)).token_ids == expected


@pytest.fixture
def moments() -> Iterator[float]:
    import random

    draw = random.Random(11)
    return iter(lambda: draw.random() * 0.1, None)


@pytest.mark.slow
def test_cancelled_at_any_moment(
    worker: WorkerEngine, genesis: Genesis, moments: Iterator[float]
) -> None:
    """At 200 moments of a reply, before it begins included."""
    fresh = finished(LocalEngine(loaded(genesis)).reply(NAME)).token_ids
    assert worker.model.context
    for number in range(200):
        end = time.monotonic() + next(moments)

        def cancelled(end: float = end) -> bool:
            return time.monotonic() >= end

        request = replace(STORY, content="Tell me a story. " * 30)
        reply = finished(worker.reply(request, cancelled))
        assert reply.finish_reason == "cancelled"
        if number % 10 == 0:
            assert finished(worker.reply(NAME)).token_ids == fresh


LEAVES_SLOWLY = """
import os
os.close(1)
open(os.environ["GATE"]).close()
os._exit(3)
"""


def test_how_it_ended_is_waited_for_however_slowly_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "leaving.py").write_text(LEAVES_SLOWLY)
    monkeypatch.setenv("GATE", str(gate))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(process, "PACKAGE", "leaving")
    leaving = process.Process(Load(tmp_path, "mine", None, None, ANY_MODEL))
    assert leaving.receive(LOADING, None) is None
    leaving._threads[0].join()
    wait = leaving._process.wait

    def wait_for_it(timeout: float | None = None) -> int:
        if gate.exists():
            gate.write_text("")
            gate.unlink()
        return wait(timeout)

    # Nobody has patience, but for what is on its way out.
    monkeypatch.setattr(process, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(leaving._process, "wait", wait_for_it)
    assert leaving.end() == "exit code 3"
    leaving.kill()
