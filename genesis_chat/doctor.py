"""Whether everything this program needs is there and whole."""

import os
import platform
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version

from .errors import GenesisChatError
from .paths import data_directory

LOW_DISK_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `problem` says what to do, or is empty."""

    section: str
    name: str
    value: str
    problem: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, one finding after the other; nothing is changed."""
    for section, check in CHECKS.items():
        try:
            for name, value, problem in check():
                yield Finding(section, name, value, problem)
        except GenesisChatError as error:
            yield Finding(section, "problem", "", str(error))


Row = tuple[str, str, str]


def _platform() -> Iterator[Row]:
    yield "system", f"{platform.system()} {platform.release()}", ""
    yield "machine", f"{platform.machine()}, {os.cpu_count()} cores", ""
    yield "memory", _gigabytes(_memory()), ""
    yield "python", platform.python_version(), ""
    yield "genesis-chat", version("genesis-chat"), ""


def _device() -> Iterator[Row]:
    from .config import load
    from .engine import backend_facts

    own = load()
    facts = backend_facts(own.backend, own.dtype)
    yield "backend", f"{facts.backend} ({facts.why})", ""
    runs_on = facts.runs_on
    yield runs_on.library, runs_on.version, ""
    yield "device", runs_on.device, ""
    yield "default dtype", own.dtype or runs_on.dtype, ""


def _kernels() -> Iterator[Row]:
    from .engine import findings

    for finding in findings():
        yield finding.name, finding.value, finding.problem


def _sqlite() -> Iterator[Row]:
    from .history.connection import journal_mode

    mode = journal_mode()
    why = (
        "safe with this version"
        if mode == "wal"
        else "this version may damage a write-ahead log"
    )
    yield "version", sqlite3.sqlite_version, ""
    yield "journal mode", f"{mode} ({why})", ""
    with closing(sqlite3.connect(":memory:")) as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    full = "ENABLE_FTS5" in options
    yield (
        "full-text search",
        "yes" if full else "no",
        ""
        if full
        else "This Python's SQLite has no FTS5; install a Python that has it.",
    )


def _history() -> Iterator[Row]:
    from .history import Store
    from .history.store import FILE

    path = data_directory() / FILE
    yield "file", str(path), ""
    if not path.exists():
        yield "conversations", "none yet", ""
        return
    with Store.open(path) as store:
        facts, problems = store.stats(), store.check()
    yield "conversations", str(facts["conversations"]), ""
    yield "messages", str(facts["messages"]), ""
    yield "size", _gigabytes(facts["bytes"]), ""
    for problem in problems:
        yield "problem", "", f"{problem} See `genesis-chat history check`."
    if not problems:
        yield "check", "OK", ""


def _models() -> Iterator[Row]:
    from converters import verify

    from .models import BUILTIN, adapters_by_base, default_name, installed

    yield "default", default_name(), ""
    yield BUILTIN, "built in", ""
    adapters = [each for group in adapters_by_base().values() for each in group]
    known = {each.name: each.problem for each in adapters}
    for model in installed():
        problem = known.get(model.name, model.problem)
        problems = [problem] if problem else verify(model.directory)
        detail = f"verified, {_gigabytes(model.bytes)}" if not problems else ""
        yield model.name, detail, " ".join(p for p in problems if p)


def _disk() -> Iterator[Row]:
    folder = data_directory()
    yield "data", str(folder), ""
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(there).free
    low = (
        "Low on disk space; a model needs up to 1 GB. Free some."
        if free < LOW_DISK_BYTES
        else ""
    )
    yield "free", _gigabytes(free), low
    if folder.exists() and os.name == "posix":
        mode = stat.S_IMODE(folder.stat().st_mode)
        others = (
            f"Other users can read it; run `chmod 700 {folder}`."
            if mode & 0o077
            else ""
        )
        yield "permissions", f"{mode:o}", others
    yield (
        "writable",
        "yes" if os.access(there, os.W_OK) else "no",
        "" if os.access(there, os.W_OK) else "Set GENESIS_CHAT_HOME to another folder.",
    )


def _terminal() -> Iterator[Row]:
    size = shutil.get_terminal_size()
    tty = sys.stdout.isatty()
    yield "terminal", os.environ.get("TERM", "none") if tty else "not a terminal", ""
    yield "size", f"{size.columns}x{size.lines}", ""
    yield "colours", _colours(), ""
    encoding = (sys.stdout.encoding or "").lower()
    wide = encoding.replace("-", "") == "utf8"
    hint = "Set a UTF-8 locale; text and borders will be garbled otherwise."
    yield "encoding", encoding, "" if wide else hint


def _settings() -> Iterator[Row]:
    from .config import load, path

    load()
    yield "file", str(path()), ""
    yield "valid", "yes" if path().exists() else "none; using defaults", ""


CHECKS: dict[str, Callable[[], Iterator[Row]]] = {
    "platform": _platform,
    "device": _device,
    "kernels": _kernels,
    "sqlite": _sqlite,
    "history": _history,
    "models": _models,
    "disk": _disk,
    "terminal": _terminal,
    "settings": _settings,
}


def _memory() -> int:
    import psutil

    return psutil.virtual_memory().total


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def _colours() -> str:
    if os.environ.get("NO_COLOR"):
        return "off (NO_COLOR)"
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million"
    return "256" if "256" in os.environ.get("TERM", "") else "few"
