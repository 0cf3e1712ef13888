"""Requests that nobody well-meaning sends: each is refused, and the server is well."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from server import Server, request, serving
from waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.loopback

HELLO = json.dumps({"messages": [{"role": "user", "content": "Hello!"}]}).encode()
JSON = "Content-Type: application/json"


def head(*lines: str, start: str = "POST /v1/chat/completions HTTP/1.1") -> bytes:
    return "\r\n".join((start, *lines, "", "")).encode("latin-1")


def sized(*lines: str, body: bytes = HELLO, host: str = "127.0.0.1:PORT") -> bytes:
    return head(f"Host: {host}", *lines, f"Content-Length: {len(body)}") + body


def sent_json(body: bytes) -> bytes:
    return sized(JSON, body=body)


def chat_with(**fields: object) -> bytes:
    return sent_json(json.dumps({**json.loads(HELLO), **fields}).encode())


def chunked(*chunks: bytes) -> bytes:
    lines = ("Host: 127.0.0.1:PORT", JSON, "Transfer-Encoding: chunked")
    return head(*lines) + b"".join(chunks)


def get(path: str, *lines: str) -> bytes:
    return head(*lines, start=f"GET {path} HTTP/1.1")


LOCAL = "Host: 127.0.0.1:PORT"
DEEP = b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BIG = b"x" * 8_000_001
MATRIX: dict[str, tuple[bytes, int]] = {
    # Whose name the server is called by.
    "another host": (sized(JSON, host="evil.example"), 403),
    "another host with our port": (sized(JSON, host="evil.example:PORT"), 403),
    "a host that begins like ours": (sized(JSON, host="127.0.0.1.evil.example"), 403),
    "ours without the port": (sized(JSON, host="127.0.0.1"), 403),
    "ours with another port": (sized(JSON, host="localhost:1"), 403),
    "ours with a dot": (sized(JSON, host="localhost.:PORT"), 403),
    "an address that is ours too": (sized(JSON, host="127.0.0.2:PORT"), 403),
    "every address": (sized(JSON, host="0.0.0.0:PORT"), 403),
    "an empty host": (sized(JSON, host=""), 403),
    "no host": (head(JSON, "Content-Length: 2") + b"{}", 400),
    "no host in HTTP/1.0": (get("/v1/models").replace(b"1.1", b"1.0"), 403),
    "two hosts": (get("/health", LOCAL, "Host: evil.example"), 400),
    "another host for figures": (get("/metrics", "Host: evil.example"), 403),
    "a target with a host": (get("http://evil.example/health", "Host: x"), 403),
    # Web pages.
    "an origin": (sized(JSON, "Origin: https://evil.example"), 403),
    "our own origin": (sized(JSON, "Origin: http://127.0.0.1:PORT"), 403),
    "no origin at all": (sized(JSON, "Origin: null"), 403),
    "two origins": (sized(JSON, "Origin: a", "Origin: b"), 403),
    "a preflight": (
        head(LOCAL, "Origin: https://x.example", start="OPTIONS /v1/models HTTP/1.1"),
        403,
    ),
    "an origin that only reads": (get("/v1/models", LOCAL, "Origin: null"), 403),
    # What the body is said to be.
    "a form's text": (sized("Content-Type: text/plain"), 415),
    "a form": (sized("Content-Type: application/x-www-form-urlencoded"), 415),
    "no type": (sized(), 415),
    "JSON's cousin": (sized("Content-Type: application/json-seq"), 415),
    "packed": (sized(JSON, "Content-Encoding: gzip"), 415),
    # How long it is.
    "a negative length": (head(LOCAL, JSON, "Content-Length: -1"), 400),
    "a huge length": (head(LOCAL, JSON, "Content-Length: 100000000000"), 413),
    "a length of many digits": (head(LOCAL, JSON, f"Content-Length: {'9' * 99}"), 400),
    "two lengths": (head(LOCAL, JSON, "Content-Length: 5", "Content-Length: 6"), 400),
    "too large": (sent_json(BIG), 413),
    "too large in chunks": (
        chunked(b"7a1201\r\n" + BIG + b"\r\n0\r\n\r\n"),
        413,
    ),
    "a chunk of no length": (chunked(b"zz\r\n"), 400),
    "a huge chunk": (chunked(b"f" * 30 + b"\r\n"), 400),
    # What it says.
    "nothing": (sent_json(b""), 400),
    "half of it": (sent_json(HELLO[:-3]), 400),
    "more than one": (sent_json(HELLO + HELLO), 400),
    "no UTF-8": (sent_json(HELLO.replace(b"!", b"\xff")), 400),
    "UTF-16": (sent_json(HELLO.decode().encode("utf-16")), 400),
    "deep": (sent_json(DEEP), 400),
    "a field twice": (sent_json(b'{"n": 1, ' + HELLO[1:-1] + b', "n": 2}'), 400),
    "a number without an end": (sent_json(b'{"n": ' + b"9" * 99_999 + b"}"), 400),
    "NaN": (chat_with(temperature=float("nan")), 400),
    "Infinity": (chat_with(top_p=float("inf")), 400),
    "a float beyond all": (chat_with(temperature=1).replace(b": 1}", b": 9e999}"), 400),
    "an integer beyond floats": (chat_with(temperature=10**4000), 400),
    "a name without an end": (chat_with(**{"x" * 1_000_000: 1}), 400),
    "a list": (sent_json(b"[]"), 400),
    # Where and how.
    "nowhere": (get("/etc/passwd", LOCAL), 404),
    "out of it": (get("/v1/models/../../etc/passwd", LOCAL), 404),
    "with dots in code": (get("/v1/models/%2e%2e%2f%00", LOCAL), 404),
    "by another method": (
        head(LOCAL, start="DELETE /v1/chat/completions HTTP/1.1"),
        405,
    ),
    "by none": (head(LOCAL, start="\x01\x02 / HTTP/1.1"), 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "headers without an end": (head(LOCAL, f"X: {'y' * 400_000}"), 400),
    "a socket of the web": (
        get("/v1/models", LOCAL, "Upgrade: websocket", "Connection: Upgrade"),
        200,
    ),
    # What is odd, but right.
    "a lone surrogate": (chat_with(user="\ud800"), 200),
    "in capitals": (sized(JSON.upper(), host="LOCALHOST:PORT"), 200),
    "with a charset": (sized(f"{JSON}; charset=utf-8"), 200),
    "in chunks": (
        chunked(b"%x\r\n" % len(HELLO) + HELLO + b"\r\n0\r\n\r\n"),
        200,
    ),
}


def answer(server: Server, data: bytes) -> tuple[int, bytes]:
    """Send bytes, and take the status and the body of what comes."""
    with server.connect() as connection:
        # It may have been refused already.
        with suppress(OSError):
            connection.sendall(data.replace(b"PORT", str(server.port).encode()))
        return taken(connection)


def taken(connection: socket.socket) -> tuple[int, bytes]:
    came = b""
    while b"\r\n\r\n" not in came:
        came += (part := connection.recv(65536))
        assert part, came
    head, _, body = came.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += (part := connection.recv(65536))
        assert part, came
    return int(head.split()[1]), body


@pytest.mark.parametrize("name", MATRIX)
def test_it_is_answered_in_the_form_of_all_errors(name: str, server: Server) -> None:
    data, expected = MATRIX[name]
    status, body = answer(server, data)
    assert status == expected, body
    if status >= 400:
        error = json.loads(body)["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert len(body) < 1000 and b"Traceback" not in body and b'File "' not in body
    assert server.health["status"] == "ok"


def test_the_matrix_is_large_enough() -> None:
    assert len(MATRIX) >= 40


def test_nothing_of_them_is_told(server: Server) -> None:
    for data, _ in MATRIX.values():
        answer(server, data)
    assert [line for line in server.said if "ready" not in line] == server.said[:1]


def test_slow_ones_are_let_go(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of headers, of bodies and of nothing at all; patience is made short here."""
    short = prepared.parent / "short"
    short.mkdir(exist_ok=True)
    (short / "sitecustomize.py").write_text(
        "from genesis_chat.serve import body, connection, server\n"
        "body.BODY_SECONDS = connection.HEADER_SECONDS = 0.3\n"
        "server.IDLE_SECONDS = 1\n"
    )
    path = f"{short}{os.pathsep}{os.environ['PYTHONPATH']}"
    monkeypatch.setenv("PYTHONPATH", path)
    with serving(home=prepared) as server:
        silent, slow, idle = (server.connect() for _ in range(3))
        with silent, slow, idle:
            slow.sendall(request(HELLO, server.port)[:-5])
            idle.sendall(
                f"GET /health HTTP/1.1\r\n{LOCAL}\r\n\r\n".replace(
                    "PORT", str(server.port)
                ).encode()
            )
            assert taken(slow)[0] == 408
            assert taken(idle)[0] == 200
            # A header of which a letter comes from time to time is no header.
            with server.connect() as drip:
                drip.sendall(b"GET /")
                for connection in (silent, drip, idle):
                    assert connection.recv(1) == b""
        assert server.health["status"] == "ok"


def test_many_that_wait_do_not_keep_others_away(server: Server) -> None:
    held: list[socket.socket] = []
    try:
        for _ in range(100):
            held.append(server.connect())
            held[-1].sendall(b"POST /v1/chat")
        assert server.chat("Hello!", max_tokens=3).status == 200
    finally:
        for connection in held:
            connection.close()


@pytest.fixture
def keyed(prepared: Path, tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A server that asks for the key which it has written."""
    file = tmp_path / "key"
    with serving("--api-key-file", file, home=prepared) as server:
        yield server, file.read_text().strip()


def test_keys(keyed: tuple[Server, str]) -> None:
    server, key = keyed
    wrong = ("", "Bearer", "Bearer x", f"Basic {key}", f"Bearer {key}x", key)
    for given in (*wrong, f"Bearer {key[:-1]}", "Bearer \xe9" * 3):
        headers = {"Authorization": given} if given else {}
        for path, body in (("/v1/models", None), ("/v1/completions", b"{}")):
            refused = server.ask(path, body, headers=headers)
            assert refused.status == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert refused.error["code"] == "invalid_api_key"
    right = {"Authorization": f"Bearer {key}"}
    assert server.ask("/v1/models", headers=right).status == 200
    assert server.ask("/metrics").status == 401
    assert server.ask("/health").status == 200
    assert key not in " ".join(server.said)


def test_pages_that_are_allowed(prepared: Path) -> None:
    origin = "https://notes.example"
    with serving("--allow-origin", origin, home=prepared) as server:
        own = {"Origin": origin}
        asked = server.ask("/v1/models", headers=own, method="OPTIONS")
        assert asked.status == 204
        assert asked.headers["access-control-allow-origin"] == origin
        assert "POST" in asked.headers["access-control-allow-methods"]
        read = server.ask("/v1/models", headers=own)
        assert read.status == 200 and "Origin" in read.headers["vary"]
        assert read.headers["access-control-allow-origin"] == origin
        for other in ("https://notes.example.evil.example", "http://notes.example"):
            refused = server.ask("/v1/models", headers={"Origin": other})
            assert refused.status == 403
            assert "access-control-allow-origin" not in refused.headers


def test_a_client_that_goes_on_sending_is_not_waited_for(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(
            request(HELLO, server.port).replace(b"Length: ", b"Length: 99999999")
        )
        assert taken(connection)[0] == 413
        deadline = time.monotonic() + PATIENCE_SECONDS

        def closed() -> bool:
            assert time.monotonic() < deadline
            try:
                connection.sendall(b"x")
                return False
            except OSError:
                return True

        wait_until(closed)
