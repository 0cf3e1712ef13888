"""The real Hub library against a server on this machine, in a process of its own."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import COMMIT, Server, run_python, serving

from converters import read_manifest, verify

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


@pytest.fixture
def server(checkpoint: Path, tokenizer_file: Path) -> Iterator[Server]:
    files = {
        "genesis_152m_instruct.safetensors": checkpoint.read_bytes(),
        "tokenizer.json": tokenizer_file.read_bytes(),
    }
    with serving(files) as server:
        yield server


def run(
    server: Server, cache: Path, source: str, destination: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    return run_python(server, cache, SCRIPT, source, str(destination), **variables)


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
