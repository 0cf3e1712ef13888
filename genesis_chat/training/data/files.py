"""Which files hold the samples to train on, to validate with and to test with."""

import re
from pathlib import Path

from ...errors import UsageError
from .sample import Split

Files = dict[Split, list[Path]]
NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "dev"),
    "test": ("test", "testing"),
}
ENDINGS = (".jsonl", ".json", ".ndjson")
_PARTS = {name: part for part, names in NAMES.items() for name in names}
_NAME = re.compile(
    rf"({'|'.join(_PARTS)})(?P<shard>[-_]\d+(?:-of-\d+)?)?"
    r"\.(?:jsonl|json|ndjson)(?:\.gz)?",
    re.IGNORECASE,
)


def find_files(path: Path) -> Files:
    """The files of each split; a single file is all of `train`.

    Raises `UsageError`.
    """
    try:
        if not path.is_dir():
            return {"train": [path]}
        names = sorted(path.iterdir())
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is no file name"
        raise UsageError(f"{path} cannot be read: {said}.") from error
    found: Files = {}
    whole: dict[Split, Path] = {}
    for file in names:
        match = _NAME.fullmatch(file.name)
        if match is None or file.is_dir():
            continue
        part = _PARTS[match[1].lower()]
        if match["shard"] is None:
            if part in whole:
                raise UsageError(
                    f"{path} has both {whole[part].name} and {file.name}; keep one of "
                    "them."
                )
            whole[part] = file
        found.setdefault(part, []).append(file)
    for part, file in whole.items():
        if len(found[part]) > 1:
            other = next(each for each in found[part] if each != file)
            raise UsageError(
                f"{path} has both {file.name} and {other.name}; keep one of them."
            )
    if "train" not in found:
        raise UsageError(_without_train(path, names))
    return found


def _without_train(path: Path, names: list[Path]) -> str:
    others = [f.name for f in names if f.suffix.lower() in (*ENDINGS, ".parquet")]
    there = f" (it has {', '.join(others[:5])})" if others else ""
    return (
        f"{path} has no train.jsonl{there}; call the file so, with valid.jsonl and "
        "test.jsonl beside it if there are any, or give the file itself."
    )
