"""Several programs at once, and programs that are killed: nothing acknowledged is lost.

`make soak` runs more of the same: GENESIS_SOAK=1.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from older_history import to_first_schema
from slow import slow

from genesis_chat.history import Store
from genesis_chat.history.migrations import LATEST
from genesis_chat.history.writer import FLUSH_SECONDS

SOAK = os.environ.get("GENESIS_SOAK") == "1"
KILLS = 1000 if SOAK else 50
MESSAGES = 20_000 if SOAK else 1_000
# Kills at every step, and at some.
STEPS = [5, slow(1)]
WRITERS, READERS = 4, 2

# Says what is on the disk, as soon as it is: a line per message, and per piece of
# reply the time and its number of characters.
REPLY = """
import sys, time
from pathlib import Path
from genesis_chat.history import Store

with Store.open(Path(sys.argv[1])) as store:
    conversation = store.latest() or store.create()
    while True:
        head = store.find(conversation.id).head
        question = store.add(conversation.id, "user", "question", parent=head)
        print("message", question.id, flush=True)
        writer = store.begin_reply(conversation.id, parent=question.id)
        print("reply", writer.id, flush=True)
        for number in range(60):
            writer.append(f"word{number} ", (number,))
            print("said", writer.id, number + 1, time.monotonic(), flush=True)
            time.sleep(0.002)
        writer.finish("complete")
        print("finished", writer.id, flush=True)
"""

WRITER = """
import sys
from pathlib import Path
from genesis_chat.history import Store

with Store.open(Path(sys.argv[1])) as store:
    conversation = store.create(title=sys.argv[2])
    parent = None
    for number in range(int(sys.argv[3])):
        parent = store.add(conversation.id, "user", str(number), parent=parent).id
"""

READER = """
import sys
from pathlib import Path
from genesis_chat.history import Store

with Store.open(Path(sys.argv[1])) as store:
    while sum(c.messages for c in store.conversations()) < int(sys.argv[2]):
        for conversation in store.conversations():
            contents = [m.content for m in store.branch(conversation.id)]
            assert contents == [str(n) for n in range(len(contents))]
        store.search("7")
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("kills", [10, slow(KILLS)])
def test_kills_lose_nothing_acknowledged(kills: int, path: Path) -> None:
    rng = random.Random(9)
    messages: set[str] = set()
    finished: set[str] = set()
    interrupted = 0
    for _ in range(kills):
        process = start(REPLY, path)
        assert process.stdout
        # Until it has begun, there is nothing to lose; then a random moment.
        lines = [process.stdout.readline()]
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        assert not err, err
        lines += out.splitlines(keepends=True)
        said: dict[str, list[tuple[int, float]]] = {}
        for kind, id, *rest in (line.split() for line in lines if line[-1:] == "\n"):
            if kind in ("message", "reply"):
                messages.add(id)
            elif kind == "finished":
                finished.add(id)
            elif len(rest) == 2:
                said.setdefault(id, []).append((int(rest[0]), float(rest[1])))
        with Store.open(path) as store:
            for id, words in said.items():
                reply = store.message(id)
                stored = len(reply.token_ids)
                assert reply.content == "".join(f"word{n} " for n in range(stored))
                # Words are kept with the first that comes FLUSH_SECONDS later.
                latest = words[-2][1] if len(words) > 1 else 0.0
                due = [count for count, at in words if at + FLUSH_SECONDS <= latest]
                assert stored >= max(due, default=0)
                complete = id in finished
                if complete:
                    assert (reply.status, stored) == ("complete", 60)
                else:
                    assert reply.status in ("interrupted", "complete")
                    interrupted += reply.status == "interrupted"
    assert interrupted > kills // 4
    with Store.open(path) as store:
        (conversation,) = store.conversations()
        kept = {message.id for message in store.messages(conversation.id)}
        assert messages <= kept
        statuses = {m.status for m in store.messages(conversation.id)}
        assert statuses <= {"complete", "interrupted"}
        assert store.check() == []


def test_a_reply_that_is_being_written_is_not_interrupted_by_others(
    path: Path,
) -> None:
    with Store.open(path) as store:
        conversation = store.create()
        question = store.add(conversation.id, "user", "q", parent=None)
        writer = store.begin_reply(conversation.id, parent=question.id)
        writer.append("some")
        with Store.open(path) as other:
            assert other.message(writer.id).status == "writing"
        writer.append(" more")
        writer.finish("complete")
        assert store.message(writer.id).content == "some more"
    # The sign that somebody writes is gone with the writer.
    assert not [file for file in path.parent.iterdir() if "lock" in file.name]


@pytest.mark.parametrize("messages", [200, slow(MESSAGES)])
def test_writers_and_readers_together(messages: int, path: Path) -> None:
    Store.open(path).close()
    each = messages // WRITERS
    processes = [start(READER, path, messages) for _ in range(READERS)]
    processes += [start(WRITER, path, n, each) for n in range(WRITERS)]
    for process in processes:
        _, err = process.communicate(timeout=1800 if SOAK else 240)
        assert (process.returncode, err) == (0, "")
    with Store.open(path) as store:
        conversations = store.conversations()
        assert len(conversations) == WRITERS
        for conversation in conversations:
            contents = [m.content for m in store.branch(conversation.id)]
            assert contents == [str(n) for n in range(each)]
        assert store.check() == []


def test_programs_that_start_together_make_one_history(path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from genesis_chat.history import Store\n"
        "with Store.open(Path(sys.argv[1])) as store: store.create(title='x')\n"
    )
    processes = [start(script, path) for _ in range(8)]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert errors == [""] * 8
    with Store.open(path) as store:
        assert len(store.conversations()) == 8


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_every_statement_of_the_first_migration(
    step: int, path: Path
) -> None:
    """Whatever was begun, the next start finds a history or makes one."""
    script = (
        "import os, sqlite3, sys\nfrom pathlib import Path\n"
        "from genesis_chat.history import connection, Store\n"
        "real = connection.connect\n"
        "left = [int(sys.argv[2])]\n"
        "def connect(path):\n"
        "    found = real(path)\n"
        "    def trace(statement):\n"
        "        left[0] -= 1\n"
        "        if left[0] < 0: os.kill(os.getpid(), 9)\n"
        "    found.set_trace_callback(trace)\n"
        "    return found\n"
        "from genesis_chat.history import store as module\n"
        "module.connect = connect\n"
        "Store.open(Path(sys.argv[1])).close()\n"
    )
    for count in range(0, 200, step):
        folder = path.parent / str(count)
        process = start(script, folder / path.name, count)
        process.communicate(timeout=60)
        with Store.open(folder / path.name) as store:
            conversation = store.create()
            store.add(conversation.id, "user", "hello", parent=None)
            assert store.check() == []
        with closing(sqlite3.connect(folder / path.name)) as other:
            assert other.execute("PRAGMA user_version").fetchone() == (LATEST,)
        if process.returncode == 0:
            break
    assert process.returncode == 0
    assert count > 8


def test_programs_that_start_together_bring_an_old_history_up(path: Path) -> None:
    """Each backs it up first; one of them migrates, and nothing is lost."""
    with Store.open(path) as store:
        id = store.create(title="old").id
        store.add(id, "user", "kept", parent=None)
    to_first_schema(path)
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from genesis_chat.history import Store\n"
        "with Store.open(Path(sys.argv[1])) as store: store.create(title='x')\n"
    )
    processes = [start(script, path) for _ in range(6)]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert errors == [""] * 6
    with Store.open(path) as store:
        assert len(store.conversations()) == 7
        assert [m.content for m in store.messages(id)] == ["kept"]
        assert store.check() == []
    versions = set()
    for backup in path.parent.glob("*.backup.sqlite3"):
        with closing(sqlite3.connect(backup)) as copy:
            assert copy.execute("SELECT content FROM message").fetchall() == [("kept",)]
            versions |= {*copy.execute("PRAGMA user_version").fetchone()}
    # One that was slower may have copied what was migrated already.
    assert 1 in versions


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_every_statement_of_later_migrations(step: int, path: Path) -> None:
    """The history is there as it was, and the next start goes on."""
    with Store.open(path) as store:
        id = store.create(title="old").id
        store.add(id, "user", "kept", parent=None)
    to_first_schema(path)
    whole = path.read_bytes()
    script = (
        "import os, sqlite3, sys\nfrom pathlib import Path\n"
        "import genesis_chat.history.connection as connection\n"
        "left = [int(sys.argv[2])]\n"
        "class Dying(sqlite3.Connection):\n"
        "    def execute(self, *values):\n"
        "        left[0] -= 1\n"
        "        if left[0] < 0: os.kill(os.getpid(), 9)\n"
        "        return super().execute(*values)\n"
        "real = sqlite3.connect\n"
        "sqlite3.connect = lambda *a, **k: real(*a, factory=Dying, **k)\n"
        "from genesis_chat.history import Store\n"
        "Store.open(Path(sys.argv[1])).close()\n"
    )
    for count in range(0, 300, step):
        folder = path.parent / f"kill-{count}"
        folder.mkdir()
        (folder / path.name).write_bytes(whole)
        process = start(script, folder / path.name, count)
        process.communicate(timeout=60)
        with Store.open(folder / path.name) as store:
            assert [m.content for m in store.messages(id)] == ["kept"]
            assert store.check() == []
        with closing(sqlite3.connect(folder / path.name)) as other:
            assert other.execute("PRAGMA user_version").fetchone() == (LATEST,)
        if process.returncode == 0:
            break
    assert process.returncode == 0
    assert count > 20
