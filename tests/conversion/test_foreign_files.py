"""What computers put in a checkpoint's place and around it."""

import gzip
import json
import os
import shutil
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from backends.genesis.model_files import read_args
from converters import ConversionError, convert, load_tokenizer, resolve_source
from genesis_chat.models import suggested_name

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    b"size 303514314\n"
)
STAND_INS = {
    "pointer": (POINTER, "Git LFS pointer"),
    "annex": (b"/annex/objects/SHA256E-s9--ab.safetensors\n", "git-annex"),
    "page": (b"\n<!DOCTYPE html>\n<html><head></head></html>", "web page"),
    "marked page": (b"\xef\xbb\xbf<HTML lang=en>", "web page"),
    "xml": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "XML"),
    "empty": (b"", "is empty"),
    "zeros": (bytes(4096), "nothing but zeros"),
    "answer": (b'{"error": "Repository not found"}', "a server's answer"),
    "pickle": (b"\x80\x02}q\x00.", "is a pickle"),
    "tar": (bytes(257) + b"ustar\x0000" + bytes(300), "tar archive"),
    "not found": (b"Entry not found", "the text 'Entry not found'"),
    "log in": (b"Invalid username or password.\n", "Invalid username"),
    "macOS": (b"\0\5\x16\7\0\2\0\0Mac OS X        ", "macOS"),
    "compressed": (gzip.compress(b"x" * 1000, mtime=0), "gzip"),
}


@pytest.mark.parametrize("case", STAND_INS)
def test_in_place_of_weights(case: str, tmp_path: Path, tokenizer_file: Path) -> None:
    data, told = STAND_INS[case]
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(ConversionError, match=told) as caught:
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    assert str(caught.value).startswith("model.safetensors ")
    assert len(caught.value.problems) == 1 and not (tmp_path / "out").exists()


def test_a_zip_archive_in_place_of_weights(
    tmp_path: Path, tokenizer_file: Path
) -> None:
    path = tmp_path / "model.safetensors"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    with pytest.raises(ConversionError, match="zip archive"):
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)


@pytest.mark.parametrize("case", STAND_INS)
@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer.model"])
def test_in_place_of_a_tokenizer(
    case: str, name: str, checkpoint: Path, tmp_path: Path
) -> None:
    data, told = STAND_INS[case]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConversionError, match=told) as caught:
        convert(checkpoint, tmp_path / "out")
    assert str(caught.value).startswith(f"{name} ")


@pytest.fixture
def converted(checkpoint: Path, tokenizer_file: Path, tmp_path: Path) -> Path:
    convert(checkpoint, tmp_path / "model", tokenizer=tokenizer_file)
    return tmp_path / "model"


@pytest.mark.parametrize("case", ["pointer", "page", "empty", "not found", "answer"])
def test_in_place_of_a_configuration(case: str, converted: Path) -> None:
    data, told = STAND_INS[case]
    (converted / "config.json").write_bytes(data)
    with pytest.raises(Exception, match=told):
        read_args(converted)
    with pytest.raises(ConversionError, match=told):
        load_tokenizer(converted)


def test_a_mark_before_json_is_no_content(converted: Path) -> None:
    """Editors of some systems put one there."""
    args, tokenizer = read_args(converted), load_tokenizer(converted)
    config, other = converted / "config.json", converted / "tokenizer.json"
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")):
        texts = [json.loads(path.read_bytes()) for path in (config, other)]
        for path, value in zip((config, other), texts, strict=True):
            path.write_bytes(mark + json.dumps(value).encode(encoding))
        assert read_args(converted) == args
        assert load_tokenizer(converted).encode("A b") == tokenizer.encode("A b")


LITTER = [
    *("._model.safetensors", ".DS_Store", "Thumbs.db", ".hidden.safetensors"),
    *("model.safetensors.part", "other.safetensors.tmp", "~model.safetensors"),
    *("model.safetensors.crdownload", "x.safetensors.incomplete", "desktop.ini"),
]


def test_litter_is_no_checkpoint(
    checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "download"
    folder.mkdir()
    shutil.copy(checkpoint, folder / "model.safetensors")
    for name in LITTER:
        (folder / name).write_bytes(b"\0\5\x16\7")
    (folder / "old.safetensors").mkdir()
    assert resolve_source(folder).weights == folder / "model.safetensors"
    assert convert(folder, tmp_path / "out", tokenizer=tokenizer_file)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConversionError, match="holds no safetensors or GGUF file"):
        resolve_source(folder)
    with pytest.raises(ConversionError, match="macOS keeps"):
        convert(folder / "._model.safetensors", tmp_path / "no")


COMMITS = ("a" * 40, "b" * 40)
REPOSITORY = "guiferrarib/genesis-152m-instruct"


@pytest.fixture
def cache(checkpoint: Path, tokenizer_file: Path, tmp_path: Path) -> Path:
    """A repository as the Hub's library keeps it, with two commits."""
    folder = tmp_path / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
    (folder / "blobs").mkdir(parents=True)
    weights = folder / "blobs" / sha256(checkpoint.read_bytes()).hexdigest()
    shutil.copy(checkpoint, weights)
    shutil.copy(tokenizer_file, folder / "blobs" / ("c" * 40))
    for commit in COMMITS:
        snapshot = folder / "snapshots" / commit
        snapshot.mkdir(parents=True)
        up = Path("../../blobs")
        (snapshot / "genesis.safetensors").symlink_to(up / weights.name)
        (snapshot / "tokenizer.json").symlink_to(up / ("c" * 40))
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMITS[0])
    return folder


def places(cache: Path) -> dict[str, Path]:
    snapshot = cache / "snapshots" / COMMITS[1]
    return {
        "repository": cache,
        "snapshots": cache / "snapshots",
        "commit": snapshot,
        "file": snapshot / "genesis.safetensors",
        "blob": (snapshot / "genesis.safetensors").resolve(),
    }


@pytest.mark.parametrize("place", ["repository", "snapshots", "commit", "file", "blob"])
def test_the_cache_of_the_hub_is_a_source(
    place: str, cache: Path, tmp_path: Path
) -> None:
    path = places(cache)[place]
    link = tmp_path / "link"
    link.symlink_to(path)
    for given in (path, link, Path(os.path.relpath(path))):
        found = resolve_source(str(given))
        main = place in ("repository", "snapshots", "blob")
        assert (found.kind, found.name) == ("hub", REPOSITORY)
        assert found.revision == COMMITS[0 if main else 1]
        assert found.weights.name == "genesis.safetensors"
        assert found.tokenizer and found.tokenizer.name == "tokenizer.json"
        assert suggested_name(str(given)) == "genesis-152m-instruct"
    manifest = convert(path, tmp_path / "out")
    assert manifest.source.name == REPOSITORY
    assert manifest.source.file == "genesis.safetensors"
    assert manifest.tokenizer.kind == "hub"


def test_without_a_branch_the_newest_commit_counts(cache: Path) -> None:
    shutil.rmtree(cache / "refs")
    for age, commit in zip((1_000, 2_000), COMMITS, strict=True):
        os.utime(cache / "snapshots" / commit, (age, age))
    assert resolve_source(cache).revision == COMMITS[1]


def test_a_cache_that_is_not_whole_is_told(cache: Path, tmp_path: Path) -> None:
    weights = places(cache)["blob"]
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ConversionError, match="is damaged: its sha256"):
        convert(cache, tmp_path / "out")
    # An interrupted download: the link leads to nothing.
    weights.rename(weights.with_name(f"{weights.name}.incomplete"))
    with pytest.raises(ConversionError, match="holds no safetensors or GGUF file"):
        resolve_source(cache)
    shutil.rmtree(cache / "snapshots")
    (cache / "snapshots").mkdir()
    with pytest.raises(ConversionError, match="holds no snapshot"):
        resolve_source(cache)


def test_a_link_into_the_cache_from_elsewhere(cache: Path, tmp_path: Path) -> None:
    """A folder of a person's own with links: their own name for it counts."""
    own = tmp_path / "my-model"
    own.mkdir()
    for name in ("genesis.safetensors", "tokenizer.json"):
        (own / name).symlink_to(places(cache)["commit"] / name)
    found = resolve_source(own)
    assert (found.kind, found.name) == ("directory", "my-model")
    assert suggested_name(str(own)) == "my-model"
    assert convert(own, tmp_path / "out").source.name == "my-model"
