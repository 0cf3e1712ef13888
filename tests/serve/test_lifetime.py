"""From the start to the end of a server."""

import os
import queue
import re
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from server import ENDLESS, Answered, Server, serving
from slow import slow
from terminal import call, run
from waiting import PATIENCE_SECONDS, wait_until

from genesis_chat.completions import Defaults
from genesis_chat.conversation import DEFAULT_SYSTEM_PROMPT
from genesis_chat.errors import ModelError, UsageError
from genesis_chat.model_choice import ANY_MODEL
from genesis_chat.serve import Options, serve
from genesis_chat.serve import server as server_module
from genesis_chat.serve.address import hosts
from genesis_chat.serve.keys import read_keys
from genesis_chat.serve.models import Models
from genesis_chat.settings import GenerationSettings

pytestmark = pytest.mark.loopback


class LateModels(Models):
    """Models that are loaded when a test says so, and then cannot be."""

    may_load: threading.Event

    def open_default(self) -> Any:
        assert self.may_load.wait(PATIENCE_SECONDS)
        raise ModelError("/secret/path is damaged; install it again.")


def test_it_listens_before_the_model_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    LateModels.may_load = threading.Event()
    monkeypatch.setattr(server_module, "Models", LateModels)
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    failures: list[Exception] = []

    def run_it() -> None:
        defaults = Defaults(GenerationSettings(), DEFAULT_SYSTEM_PROMPT)
        try:
            serve(ANY_MODEL, defaults, Options(port=0), said.put)
        except ModelError as error:
            failures.append(error)

    thread = threading.Thread(target=run_it)
    thread.start()
    try:
        line = said.get(timeout=PATIENCE_SECONDS)
        server = Server(None, [line])  # type: ignore[arg-type]  # it is a thread
        answers = [server.chat("Hello!"), server.ask("/health")]
        for answer in answers:
            assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
        assert answers[0].error["code"] == "server_loading"
        assert answers[1].json["status"] == "loading"
        assert server.ask("/v1/models").json["data"][0]["id"] == "builtin"
    finally:
        LateModels.may_load.set()
        thread.join(PATIENCE_SECONDS)
    # It ends by itself, and says why to whoever started it.
    assert not thread.is_alive() and "damaged" in str(failures[0])


def test_a_missing_model_ends_it(home: Path) -> None:
    ended = run("serve", "--port", "0", "-m", "none-of-that-name")
    assert ended.code == 1 and ended.err.count("Error:") == 1
    assert "none-of-that-name" in ended.err and "Traceback" not in ended.err


@pytest.mark.parametrize("number", [signal.SIGTERM, slow(signal.SIGINT)])
def test_a_signal_ends_it_cleanly(number: signal.Signals, prepared: Path) -> None:
    """What runs is cut in time, what waits is told, and nothing hangs."""
    told: list[Answered] = []
    with serving(home=prepared) as server:
        # Sixteen choices with all that can be told take longer than the server waits.
        slow = {"n": 16, "logprobs": True, "top_logprobs": 20}
        with server.begun(**ENDLESS, **slow, stream=True) as running:
            assert b"200 OK" in running.recv(65536)
            waiting = threading.Thread(
                target=lambda: told.append(server.chat("Hello!", temperature=0))
            )
            waiting.start()
            wait_until(lambda: server.health["waiting"] == 1)
            server.process.send_signal(number)
            came = b""
            while part := running.recv(65536):
                came += part
        assert server.process.wait(PATIENCE_SECONDS) == 0
        waiting.join()
        assert len(server.said) == 2
    # Of sixteen endless choices none of the last ones can have come.
    assert b'"code":"server_closing"' in came[-500:] and b"[DONE]" not in came
    assert told[0].status == 503 and told[0].error["code"] == "server_closing"


def test_a_short_reply_is_finished(prepared: Path) -> None:
    with serving(home=prepared) as server:
        with server.begun(**{**ENDLESS, "max_tokens": 400}, stream=True) as running:
            came = running.recv(65536)
            server.process.send_signal(signal.SIGTERM)
            while part := running.recv(65536):
                came += part
        assert server.process.wait(PATIENCE_SECONDS) == 0
    assert b"data: [DONE]" in came


def test_a_port_that_is_taken_is_told_with_by_whom() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = call("serve", "--port", str(port))
    assert refused.code == 1 and refused.out == ""
    assert f"Port {port} is taken by" in refused.err
    assert f"(process {os.getpid()})" in refused.err and "--port" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--listen", "0.0.0.0"), 2, "--api-key-file"),
        (("--listen", "::"), 2, "--api-key-file"),
        (("--listen", "localhost"), 2, "address such as"),
        (("--listen", "192.0.2.1", "--api-key-file", "KEY"), 2, "192.0.2.1"),
        (("--allow-origin", "*"), 2, "no origin"),
        (("--allow-origin", "https://a/b"), 2, "no origin"),
        (("--api-key-file", "OPEN"), 2, "chmod 600"),
        (("--api-key-file", "SHORT"), 2, "16 letters"),
        (("--api-key-file", "/nowhere/at/all"), 2, "cannot be written"),
        (("--port", "99999"), 2, "--port"),
    ],
    ids=str,
)
def test_wrong_use(
    arguments: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    for name, mode, key in (
        ("KEY", 0o600, "k" * 40),
        ("OPEN", 0o644, "k" * 40),
        ("SHORT", 0o600, "key"),
    ):
        (tmp_path / name).write_text(key)
        (tmp_path / name).chmod(mode)
    refused = call("serve", "--port", "0", *arguments, cwd=tmp_path)
    assert refused.code == code and words in refused.err, refused.err
    assert refused.out == "" and "k" * 20 not in refused.err


def test_a_new_key_is_for_its_owner_alone(tmp_path: Path, home: Path) -> None:
    file = tmp_path / "key"
    refused = call("serve", "--listen", "192.0.2.1", "--api-key-file", file)
    assert refused.code == 2 and "other computers" in refused.err
    assert file.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"[\w-]{43}\n", file.read_text())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_is_no_part_of_a_key(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_bytes(f"{'k' * 40}\r\n{'l' * 40}\r\n".encode(encoding))
    file.chmod(0o600)
    assert read_keys(file) == (b"k" * 40, b"l" * 40)
    file.write_bytes(b"k" * 40 + b"\0")
    with pytest.raises(UsageError, match="is binary"):
        read_keys(file)


def test_names_of_the_server() -> None:
    own = {"127.0.0.1:8080", "localhost:8080", "[::1]:8080"}
    assert hosts("127.0.0.1", 8080) == own
    assert "localhost" in hosts("127.0.0.1", 80)
    name = socket.gethostname().lower()
    assert {"192.0.2.7:9", f"{name}:9"} < hosts("192.0.2.7", 9)
    assert not any("localhost" in each for each in hosts("192.0.2.7", 9))
    assert {"localhost:9", "127.0.0.1:9"} < hosts("0.0.0.0", 9)


def test_without_the_extra_it_says_how_to_get_it() -> None:
    for package in ("starlette", "uvicorn"):
        refused = run("serve", env={"GENESIS_TEST_HIDDEN": package})
        assert refused.code == 2 and "pip install starlette uvicorn" in refused.err
