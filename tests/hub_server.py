"""The addresses of the Hub that downloads use, served from memory on this computer."""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "maker/model"


class Server(ThreadingHTTPServer):
    """One repository.

    `files` are served, `sums` told as their sha256, `sizes` as their sizes if they
    are to differ. Of a file named in `cut` so many bytes are sent at a time before
    the connection breaks; of one in `held` so many before `release` is waited for.
    `asked` are names with the first byte that was asked for.
    """

    daemon_threads = True

    def __init__(self, files: dict[str, bytes], tags: Sequence[str] = ()) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.tags = files, list(tags)
        self.sums = {k: hashlib.sha256(v).hexdigest() for k, v in files.items()}
        self.sizes: dict[str, int] = {}
        self.cut: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.release, self.holding = threading.Event(), threading.Event()
        self.gated = False
        self.asked: list[tuple[str, int]] = []

    def fetched(self) -> set[str]:
        """Names of the files of which something was asked for."""
        return {name for name, _ in self.asked}


class Handler(BaseHTTPRequestHandler):
    """Answers about the repository, and its files with ranges."""

    server: Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith(f"/api/models/{REPOSITORY}"):
            return self.send(json.dumps(self.told()).encode(), body)
        name = path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/")
        if self.server.gated and name in self.server.files:
            return self.refuse(401, "GatedRepo")
        if name not in self.server.files:
            return self.refuse(404, "RepoNotFound")
        return self.send(self.server.files[name], body, name)

    def told(self) -> dict[str, object]:
        siblings = [
            {
                "rfilename": name,
                "size": self.server.sizes.get(name, len(data)),
                "blobId": "b" * 40,
                "lfs": {
                    "size": len(data),
                    "sha256": self.server.sums[name],
                    "pointerSize": 130,
                },
            }
            for name, data in self.server.files.items()
        ]
        return {
            "id": REPOSITORY,
            "sha": COMMIT,
            "siblings": siblings,
            "tags": self.server.tags,
        }

    def refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send(self, data: bytes, body: bool, name: str | None = None) -> None:
        start = 0
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or ""):
            start = int(match[1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            span = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.send_header("Content-Range", span)
        if name:
            self.send_header("ETag", f'"{self.server.sums[name]}"')
            self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if not body:
            return
        rest = data[start:]
        if name:
            self.server.asked.append((name, start))
            if count := self.server.cut.get(name):
                self.wfile.write(rest[:count])
                self.close_connection = True
                return
            if (count := self.server.held.get(name)) and not start:
                self.wfile.write(rest[:count])
                self.wfile.flush()
                self.server.holding.set()
                self.server.release.wait(60)
                return
        self.wfile.write(rest)


@contextmanager
def serving(files: dict[str, bytes], tags: Sequence[str] = ()) -> Iterator[Server]:
    """A server of a repository with these files, until the block is left."""
    with Server(files, tags) as server:
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            server.shutdown()
            thread.join()


def environment(server: Server, cache: Path, **variables: str) -> dict[str, str]:
    """The environment of a program whose Hub is the server."""
    return {
        **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(cache),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **variables,
    }


def run_python(
    server: Server, cache: Path, script: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script of Python whose Hub is the server."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment(server, cache, **variables),
        capture_output=True,
        text=True,
        timeout=120,
    )
