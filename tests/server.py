"""The server as a program of its own, and plain HTTP with it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terminal import COMMAND
from waiting import PATIENCE_SECONDS, wait_until

# Goes on until the context is full.
ENDLESS = {"temperature": 50, "top_k": 0, "top_p": 1, "max_tokens": 5000, "seed": 1}
GREEDY = {"temperature": 0}


@dataclass(frozen=True)
class Answered:
    """An answer of the server; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """What is wrong, in the form that all errors have."""
        error = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert "Traceback" not in error["message"] and "/" not in error["message"][1:20]
        return error


@dataclass
class Server:
    """A running server; `said` is what it has told on standard error."""

    process: subprocess.Popen[bytes]
    said: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        found = re.search(r"listening on http://[^ ]+:(\d+)/v1", self.said[0])
        assert found, self.said
        return int(found[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS)

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Answered:
        """Send a request and take its whole answer."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE_SECONDS
        )
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data is not None else {}
        try:
            connection.request(
                method or ("GET" if data is None else "POST"),
                path,
                data,
                {**sent, **(headers or {})},
            )
            answer = connection.getresponse()
            named = {key.lower(): value for key, value in answer.headers.items()}
            return Answered(answer.status, named, answer.read())
        finally:
            connection.close()

    def chat(self, content: Any, **fields: Any) -> Answered:
        """Chat, from one message or from all of them."""
        said = [{"role": "user", "content": content}]
        messages = said if isinstance(content, str) else content
        body = {"messages": messages, **fields}
        return self.ask("/v1/chat/completions", body)

    @contextmanager
    def begun(self, **fields: Any) -> Iterator[socket.socket]:
        """A connection on which a reply has been asked for."""
        body = {"messages": [{"role": "user", "content": "Hello!"}], **fields}
        with self.connect() as connection:
            connection.sendall(request(json.dumps(body).encode(), self.port))
            yield connection

    @property
    def health(self) -> Any:
        return self.ask("/health").json

    def wait_until_idle(self) -> None:
        """Until nothing is replied to, and nobody waits."""

        def idle() -> bool:
            health = self.health
            return not health["running"] and not health["waiting"]

        wait_until(idle)


def request(body: bytes, port: int, path: str = "/v1/chat/completions") -> bytes:
    """A request as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@contextmanager
def serving(
    *arguments: str | Path, home: Path, ready: bool = True, port: str = "0"
) -> Iterator[Server]:
    """Start a server, and end it."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", port, *map(str, arguments)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "GENESIS_CHAT_HOME": str(home)},
    )
    server = Server(process)
    assert process.stderr
    stream = process.stderr

    def listen() -> None:
        for line in stream:
            server.said.append(line.decode().rstrip("\n"))

    listener = threading.Thread(target=listen)
    listener.start()

    def heard(text: str) -> bool:
        assert process.poll() is None, server.said
        return any(text in line for line in server.said)

    try:
        wait_until(lambda: heard("listening on"))
        while "listening on" not in server.said[0]:
            server.said.pop(0)
        if ready:
            wait_until(lambda: heard("is ready on"))
        yield server
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        listener.join()
        stream.close()
        assert process.stdout
        process.stdout.close()


def events(body: bytes) -> list[Any]:
    """The events of a streamed answer, the last one's mark left out."""
    *lines, last, end = body.decode("ascii").split("\n\n")
    assert (last, end) == ("data: [DONE]", "")
    return [json.loads(line.removeprefix("data: ")) for line in lines]
