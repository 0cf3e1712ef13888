"""The real Hub library against a server on this machine, in a process of its own."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from converters import read_manifest, verify

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SCRIPT = """
import json, sys
from converters import ConversionError, convert
seen = []
try:
    convert(sys.argv[1], sys.argv[2], progress=lambda *r: seen.append(r))
except ConversionError as error:
    sys.exit("refused: " + str(error))
print(json.dumps([r for r in seen if r[0] == "download"]))
"""

pytestmark = pytest.mark.loopback


class Server(ThreadingHTTPServer):
    daemon_threads = True
    files: dict[str, bytes]
    sums: dict[str, str]


class Handler(BaseHTTPRequestHandler):
    """The two addresses of the Hub that a download uses."""

    server: Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/maker/model"):
            siblings = [
                {
                    "rfilename": name,
                    "size": len(data),
                    "blobId": "b" * 40,
                    "lfs": {
                        "size": len(data),
                        "sha256": self.server.sums[name],
                        "pointerSize": 130,
                    },
                }
                for name, data in self.server.files.items()
            ]
            info = {"id": "maker/model", "sha": COMMIT, "siblings": siblings}
            return self.send(json.dumps(info).encode(), body)
        name = path.removeprefix(f"/maker/model/resolve/{COMMIT}/")
        if name not in self.server.files:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        return self.send(self.server.files[name], body, self.server.sums[name])

    def send(self, data: bytes, body: bool, tag: str | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        if tag:
            self.send_header("ETag", f'"{tag}"')
            self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def server(checkpoint: Path, tokenizer_file: Path) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.files = {
            "genesis_152m_instruct.safetensors": checkpoint.read_bytes(),
            "tokenizer.json": tokenizer_file.read_bytes(),
        }
        server.sums = {
            name: hashlib.sha256(data).hexdigest()
            for name, data in server.files.items()
        }
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(
    server: Server, cache: Path, source: str, destination: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(cache),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, source, str(destination)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_download_and_conversion(server: Server, tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "out"
    result = run(server, cache, "maker/model", out)
    assert result.returncode == 0, result.stderr
    size = len(server.files["genesis_152m_instruct.safetensors"])
    assert json.loads(result.stdout)[-1] == ["download", size, size]
    # The Hub's library draws no bar of its own.
    assert result.stderr == ""
    assert verify(out) == []
    assert read_manifest(out).source.revision == COMMIT
    # Offline, from what was downloaded, with the commit and without.
    for number, source in enumerate(("maker/model", f"maker/model@{COMMIT}")):
        offline = tmp_path / f"offline{number}"
        result = run(server, cache, source, offline, HF_HUB_OFFLINE="1")
        assert result.returncode == 0, result.stderr
        assert verify(offline) == []
        assert read_manifest(offline).source == read_manifest(out).source


def test_wrong_bytes_of_the_right_size(server: Server, tmp_path: Path) -> None:
    name = "genesis_152m_instruct.safetensors"
    data = bytearray(server.files[name])
    data[-1] ^= 1
    server.files[name] = bytes(data)
    result = run(server, tmp_path / "cache", "maker/model", tmp_path / "out")
    assert result.returncode == 1
    assert "refused: The download of maker/model is damaged" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "variables", "message"),
    [
        ("maker/model", {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE forbids downloads"),
        ("maker/nothing", {}, "The Hub has no repository maker/nothing"),
        ("maker/model", {"HF_ENDPOINT": "http://127.0.0.1:9"}, "cannot be reached"),
    ],
)
def test_failures(
    source: str,
    variables: dict[str, str],
    message: str,
    server: Server,
    tmp_path: Path,
) -> None:
    result = run(server, tmp_path / "cache", source, tmp_path / "out", **variables)
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("refused: ")
    assert message in line
    assert not (tmp_path / "out").exists()
