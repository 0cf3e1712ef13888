"""The guard that stands over every test bites, here and in programs."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

CONNECT = "import socket; socket.create_connection(('{}', {}), timeout=2)"


@pytest.fixture
def server() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def in_a_program(host: str, port: int) -> str:
    code = CONNECT.format(host, port)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stderr if done.returncode else "connected"


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1", "example.org"])
def test_no_connection_by_default(host: str, server: int) -> None:
    with pytest.raises(SystemExit, match=host):
        socket.create_connection((host, server), timeout=2)
    assert f"a connection to {host}" in in_a_program(host, server)


@pytest.mark.loopback
def test_none_outside_even_where_a_server_is_allowed(server: int) -> None:
    socket.create_connection(("127.0.0.1", server)).close()
    assert in_a_program("127.0.0.1", server) == "connected"
    for host in ("192.0.2.1", "example.org"):
        with pytest.raises(SystemExit, match=host):
            socket.create_connection((host, server), timeout=2)
        assert f"a connection to {host}" in in_a_program(host, server)
