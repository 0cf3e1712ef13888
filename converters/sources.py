"""Finding a checkpoint: a file, a directory, or a repository on the Hub."""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from .errors import ConversionError, reason, shown
from .gguf.magic import SUFFIX
from .header import REFUSED_SUFFIXES
from .hub_cache import CachedRepository, blob_sha256, cached_repository
from .manifest import Kind
from .progress import Progress, silent
from .tokenization import SOURCE_NAMES
from .whole_folder import look_at_folder

DEFAULT_FILE = "genesis_152m_instruct.safetensors"

_REPOSITORY = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII
)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*", re.ASCII)
_SHARD = re.compile(r".*-\d{5}-of-\d{5}\.(safetensors|gguf)")


@dataclass(frozen=True)
class Source:
    """A checkpoint that was found, with a tokenizer file beside it if there is one.

    `name` is the file's or directory's own name, or the repository id; `revision`
    the Hub's commit. `sha256` is what the Hub says the file's is, None if it does
    not say or the file is local.
    """

    kind: Kind
    name: str
    weights: Path
    tokenizer: Path | None = None
    revision: str | None = None
    sha256: str | None = None


def resolve_source(
    source: str | Path,
    *,
    revision: str | None = None,
    file: str | None = None,
    progress: Progress = silent,
) -> Source:
    """Find a checkpoint, downloading it if `source` is a Hub repository.

    Args:
        source: a safetensors or GGUF file, a directory that holds one, or
            `owner/name[@revision]`. What exists on disk is taken first.
        revision: a branch, tag or commit of the repository.
        file: the file to take from a directory or repository that has several.
        progress: called with the stage "download" and bytes.

    Raises:
        ConversionError: there is no such thing, it is of another format, or it
            cannot be downloaded; one sentence says what to do.
    """
    text = str(source)
    if not text.strip() or "\0" in text:
        raise ConversionError("The source is not a valid path or repository.")
    if file is not None:
        check_file_name(file)
    path = Path(os.path.expanduser(text))
    try:
        if cached := cached_repository(path):
            return _in_cache(*cached, file)
        if path.is_dir():
            return _directory(path, file)
        if path.exists():
            if file is not None:
                raise ConversionError(
                    f"{shown(text)} is a file itself; leave --file away."
                )
            return Source("file", path.name, path, _tokenizer_in(path.parent))
        if path.is_symlink():
            raise ConversionError(f"{shown(text)} is a link that leads nowhere.")
    except OSError as error:
        raise ConversionError(f"{shown(text)} cannot be read: {reason(error)}.") from (
            error
        )
    if isinstance(source, Path) or not is_repository(text.partition("@")[0]):
        raise ConversionError(
            f"{shown(text)} is neither a file or directory nor a repository of the "
            "form owner/name."
        )
    from .hub import fetch_checkpoint

    return fetch_checkpoint(*split_revision(text, revision), file, progress)


def split_revision(text: str, revision: str | None = None) -> tuple[str, str | None]:
    """The repository and the revision of `owner/name[@revision]`.

    Raises `ConversionError` for another revision than one given beside it, and for
    what can be none.
    """
    repository, at, inline = text.partition("@")
    if at and revision is not None and inline != revision:
        raise ConversionError(
            f"{shown(text)} names another revision than {shown(revision)}."
        )
    revision = inline if at else revision
    if revision is not None and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise ConversionError(
            f"{shown(repr(revision))} is not a valid revision of a repository."
        )
    return repository, revision


def is_repository(text: str) -> bool:
    """Whether the text has the form of a Hub repository id, owner/name."""
    return (
        _REPOSITORY.fullmatch(text) is not None
        and ".." not in text
        and "--" not in text
        and not any(part.endswith((".", "-")) for part in text.split("/"))
        and not text.endswith((".safetensors", SUFFIX, *REFUSED_SUFFIXES, ".git"))
    )


def check_file_name(name: str) -> None:
    """Refuse a file name that leads out of its directory."""
    parts = re.split(r"[/\\]", name)
    if (
        not name.isprintable()
        or ":" in name
        or any(part in ("", ".", "..") or part.startswith("~") for part in parts)
    ):
        raise ConversionError(f"{shown(name)} is not a valid file name.")


def is_litter(name: str) -> bool:
    """Whether a file is one that systems and downloads leave, not a person's own."""
    plain = name.rpartition("/")[2].lower()
    # Two dots lead out of the folder, which is refused elsewhere.
    hidden = plain.startswith((".", "~")) and not plain.startswith("..")
    return hidden or plain.endswith(
        ("~", ".part", ".partial", ".tmp", ".temp", ".crdownload", ".incomplete")
    )


def choose_file(where: str, names: list[str], wanted: str | None = None) -> str:
    """The one checkpoint among a directory's or repository's files.

    Safetensors files come first; a GGUF file is taken where there is none of them.

    Raises `ConversionError` saying which there are when it is not clear.
    """
    found = sorted(
        name
        for name in names
        if name.lower().endswith(".safetensors") and not is_litter(name)
    )
    if wanted is not None:
        if wanted not in names:
            raise ConversionError(f"{shown(where)} has no file {shown(wanted)}.")
        return wanted
    if DEFAULT_FILE in found:
        return DEFAULT_FILE
    if len(found) == 1 and not _SHARD.fullmatch(found[0]):
        return found[0]
    if any(_SHARD.fullmatch(name) for name in found) or any(
        name.endswith(".safetensors.index.json") for name in names
    ):
        if not found:
            raise ConversionError(
                f"{shown(where)} holds the index of a checkpoint in several parts and "
                "none of them; download them too."
            )
        raise ConversionError(
            f"{shown(where)} holds a checkpoint in several parts "
            f"({_listed(found)}); join them into one safetensors file first."
        )
    if found:
        raise ConversionError(
            f"{shown(where)} holds several safetensors files ({_listed(found)}); "
            "name the one you want with --file."
        )
    listed = sorted(
        name for name in names if name.lower().endswith(SUFFIX) and not is_litter(name)
    )
    if len(listed) == 1:
        return listed[0]
    if listed and all(_SHARD.fullmatch(name) for name in listed):
        raise ConversionError(
            f"{shown(where)} holds a GGUF file in several parts ({_listed(listed)}); "
            "join them with llama.cpp's llama-gguf-split --merge first."
        )
    if listed:
        raise ConversionError(
            f"{shown(where)} holds several GGUF files ({_listed(listed)}); name the "
            "one you want with --file."
        )
    others = sorted(
        name
        for name in names
        if Path(name).suffix.lower() in REFUSED_SUFFIXES and not is_litter(name)
    )
    if others:
        raise ConversionError(
            f"{shown(where)} holds no safetensors or GGUF file, only "
            f"{_listed(others)}; such formats can carry code or are unsafe, so get the "
            "model as safetensors."
        )
    raise ConversionError(f"{shown(where)} holds no safetensors or GGUF file.")


def _in_cache(repository: CachedRepository, path: Path, file: str | None) -> Source:
    """A checkpoint in the Hub's cache, as if it had just been downloaded."""
    if path.is_file():
        if file is not None:
            raise ConversionError(
                f"{shown(str(path))} is a file itself; leave --file away."
            )
        weights = repository.named(path)
        folder = weights.parent
    else:
        inside = repository.commit(path) is not None
        folder = path if inside else repository.snapshot()
        _refuse_other_families(folder, path, file)
        names = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()]
        weights = folder / choose_file(repository.id, names, file)
    return Source(
        "hub",
        repository.id,
        weights,
        _tokenizer_in(folder),
        repository.commit(weights),
        blob_sha256(weights),
    )


def _directory(path: Path, file: str | None) -> Source:
    names = [entry.name for entry in path.iterdir() if not entry.is_dir()]
    if "manifest.json" in names and "config.json" in names:
        raise ConversionError(
            f"{shown(str(path))} is a converted model already; pass its source."
        )
    _refuse_other_families(path, path, file)
    chosen = choose_file(str(path), names, file)
    name = path.resolve().name
    return Source("directory", name, path / chosen, _tokenizer_in(path))


def _refuse_other_families(folder: Path, path: Path, file: str | None) -> None:
    """Say how a model that needs no conversion is used, unless a file is named."""
    found = None if file else look_at_folder(folder)
    if found is not None:
        use = f"genesis-chat -m {shlex.quote(str(path))}"
        raise ConversionError(
            found.problem
            or found.unrunnable
            or f"{shown(str(path))} holds a {shown(found.model_type)} model, which is "
            f"used as it is: {use}"
        )


def _tokenizer_in(directory: Path) -> Path | None:
    paths = (directory / name for name in SOURCE_NAMES)
    return next((path for path in paths if path.is_file()), None)


def _listed(names: list[str]) -> str:
    return ", ".join(map(shown, names[:4])) + (", …" if len(names) > 4 else "")
