"""GGUF files that other programs keep on this computer; they are only read."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from converters.gguf.facts import GGUFFacts

MODEL_LAYER = "application/vnd.ollama.image.model"
MAX_MANIFEST_BYTES = 1 << 20
# Ollama leaves these out of a model's name.
USUAL_HOST, USUAL_OWNER = "registry.ollama.ai", "library"
# Where Ollama has its own user.
SYSTEM_FOLDER = Path("/usr/share/ollama/.ollama/models")
# Folders of models are no deeper; a link that leads up must not be followed forever.
MAX_DEPTH = 6


@dataclass(frozen=True)
class FoundModel:
    """A GGUF file, the program that keeps it, and what that calls it."""

    program: str
    name: str
    path: Path
    bytes: int
    facts: "GGUFFacts"


def scan() -> Iterator[FoundModel]:
    """Every GGUF file of Ollama, LM Studio, llama.cpp, GPT4All and the Hub's cache.

    A file that several of them or several names lead to comes once. What cannot be
    read is left out, or says so in its facts.
    """
    from converters.gguf.facts import look

    seen: set[tuple[int, int]] = set()
    for program, name, path in _candidates():
        try:
            status = path.stat()
        except OSError:
            continue
        identity = (status.st_dev, status.st_ino)
        if identity not in seen:
            seen.add(identity)
            yield FoundModel(program, name, path, status.st_size, look(path))


def _candidates() -> Iterator[tuple[str, str, Path]]:
    for folder in _ollama_folders():
        for name, path in _ollama(folder):
            yield "Ollama", name, path
    for program, folder in _folders():
        for path in _files(folder):
            yield program, str(path.relative_to(folder)), path


def _ollama_folders() -> list[Path]:
    if chosen := os.environ.get("OLLAMA_MODELS"):
        return [Path(chosen)]
    return [Path.home() / ".ollama" / "models", SYSTEM_FOLDER]


def _folders() -> list[tuple[str, Path]]:
    from converters.hub_cache import cache_folder

    home = Path.home()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    if sys.platform == "darwin":
        library = home / "Library"
        llama, gpt4all = library / "Caches", library / "Application Support"
    else:
        llama, gpt4all = cache, data
    llama = Path(os.environ.get("LLAMA_CACHE") or llama / "llama.cpp")
    return [
        ("LM Studio", home / ".lmstudio" / "models"),
        ("LM Studio", home / ".cache" / "lm-studio" / "models"),
        ("llama.cpp", llama),
        ("GPT4All", gpt4all / "nomic.ai" / "GPT4All"),
        ("GPT4All", home / ".cache" / "gpt4all"),
        ("Hugging Face", cache_folder()),
    ]


def _files(folder: Path, depth: int = 0) -> Iterator[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return
    for path in paths:
        if path.suffix.lower() == ".gguf":
            if path.is_file():
                yield path
        elif depth < MAX_DEPTH and path.is_dir() and not path.is_symlink():
            yield from _files(path, depth + 1)


def _ollama(folder: Path) -> Iterator[tuple[str, Path]]:
    """Names and files of Ollama's models: manifests name their blobs by sha256."""
    manifests = folder / "manifests"
    for path in sorted(_leaves(manifests)):
        try:
            with path.open("rb") as file:
                content = json.loads(file.read(MAX_MANIFEST_BYTES))
            layers = content["layers"]
            digests = [e["digest"] for e in layers if e["mediaType"] == MODEL_LAYER]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        for digest in digests:
            if isinstance(digest, str) and digest.startswith("sha256:"):
                value = digest.removeprefix("sha256:")
                if value.isalnum():
                    name = _ollama_name(path.relative_to(manifests).parts)
                    yield name, folder / "blobs" / f"sha256-{value}"


def _leaves(folder: Path, depth: int = 0) -> Iterator[Path]:
    try:
        paths = list(folder.iterdir())
    except OSError:
        return
    for path in paths:
        if path.is_file():
            yield path
        elif depth < MAX_DEPTH and path.is_dir() and not path.is_symlink():
            yield from _leaves(path, depth + 1)


def _ollama_name(parts: tuple[str, ...]) -> str:
    """The name people use: of host, owner, model and tag what is not the usual."""
    *owners, last = parts
    model = owners.pop() if owners else ""
    kept = [each for each in owners if each not in (USUAL_HOST, USUAL_OWNER)]
    return "/".join([*kept, f"{model}:{last}" if model else last])
