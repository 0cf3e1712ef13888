"""Downloads from the Hub, the only place here that opens a connection."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .errors import ConversionError, reason, shown
from .progress import Progress, silent
from .sources import DEFAULT_FILE, Source, check_file_name, choose_file
from .tokenization import SOURCE_NAMES

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

TOKENIZER_REPOSITORY = "EleutherAI/pythia-70m"
TOKENIZER_FILE = "tokenizer.json"
TIMEOUT_SECONDS = 20.0


def fetch_checkpoint(
    repository: str,
    revision: str | None,
    file: str | None,
    progress: Progress,
) -> Source:
    """Download a repository's checkpoint and its tokenizer if it has one.

    Without a network, what an earlier download left in the cache is used. Raises
    `ConversionError` with one sentence saying what to do.
    """
    with sentences(repository, revision):
        try:
            info, files = listing(repository, revision)
            commit = str(info.sha)
        except Exception as error:
            if not unreachable(error):
                raise
            known = cached(repository, file or DEFAULT_FILE, revision)
            if known is None:
                raise
            found = [cached(repository, name, revision) for name in SOURCE_NAMES]
            tokenizer = next((path for path in found if path), None)
            commit = known.parents[file.count("/") if file else 0].name
            return Source("hub", repository, known, tokenizer, commit)
        chosen = choose_file(repository, list(files), file)
        check_file_name(chosen)
        lfs = files[chosen].lfs
        tokenizer = None
        for name in SOURCE_NAMES:
            if name in files:
                tokenizer = _download(repository, name, commit, silent)
                break
        path = _download(repository, chosen, commit, progress)
        return Source(
            "hub", repository, path, tokenizer, commit, lfs.sha256 if lfs else None
        )


def fetch_tokenizer() -> tuple[Path, str]:
    """Download the GPT-NeoX tokenizer: its path and the repository's commit.

    Raises `ConversionError` with one sentence saying what to do.
    """
    with sentences(TOKENIZER_REPOSITORY, None, _TOKENIZER_ADVICE):
        known = cached(TOKENIZER_REPOSITORY, TOKENIZER_FILE, None)
        if known is None:
            info, _ = listing(TOKENIZER_REPOSITORY, None)
            known = _download(
                TOKENIZER_REPOSITORY, TOKENIZER_FILE, str(info.sha), silent
            )
        return known, known.parent.name


_ADVICE = "connect to the internet, or download the file elsewhere and pass its path"
_TOKENIZER_ADVICE = (
    "connect to the internet, or pass the GPT-NeoX tokenizer.json with --tokenizer"
)


def listing(
    repository: str, revision: str | None
) -> tuple["ModelInfo", dict[str, "RepoSibling"]]:
    """What the Hub says of a repository and of each file in it, by its name.

    To be called inside `sentences`: errors are the library's.
    """
    from huggingface_hub import HfApi

    info = HfApi().model_info(
        repository, revision=revision, files_metadata=True, timeout=TIMEOUT_SECONDS
    )
    if not info.sha:
        raise ConversionError(f"The Hub names no commit of {shown(repository)}.")
    return info, {entry.rfilename: entry for entry in info.siblings or []}


def download_rest(
    repository: str,
    name: str,
    commit: str,
    file: BinaryIO,
    size: int,
    progress: Progress,
) -> None:
    """Append to an open file what is missing of one of the Hub's.

    To be called inside `sentences`: errors are the library's.

    Args:
        repository: owner/name.
        name: the file in it.
        commit: of the repository.
        file: stands at its end; what is in it is taken for the file's beginning.
        size: of the whole file, in bytes.
        progress: called with the stage "download" and bytes.
    """
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    # What it tries once more is not for the person to read.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    http_get(
        hf_hub_url(repository, name, revision=commit),
        file,
        resume_size=file.tell(),
        headers=build_hf_headers(),
        expected_size=size,
        tqdm_class=_bar(progress),
    )


def _download(repository: str, name: str, commit: str, progress: Progress) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(
        hf_hub_download(
            repository,
            name,
            revision=commit,
            tqdm_class=_bar(progress),
        )
    )


def cached(repository: str, name: str, revision: str | None) -> Path | None:
    """A file that was downloaded before; without a revision, of the newest commit."""
    from huggingface_hub import try_to_load_from_cache

    revisions = [revision] if revision else _cached_commits(repository)
    for each in revisions:
        found = try_to_load_from_cache(repository, name, revision=each)
        if isinstance(found, str):
            return Path(found)
    return None


def _cached_commits(repository: str) -> list[str]:
    from huggingface_hub import CacheNotFound, scan_cache_dir

    try:
        cache = scan_cache_dir()
    except CacheNotFound:
        return []
    revisions = [
        revision
        for repo in cache.repos
        if repo.repo_id == repository and repo.repo_type == "model"
        for revision in repo.revisions
    ]
    revisions.sort(key=lambda revision: revision.last_modified, reverse=True)
    return [revision.commit_hash for revision in revisions]


def _bar(progress: Progress) -> Any:
    """A progress bar class that draws nothing and reports to `progress`."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            self.seen = int(kwargs.get("initial") or 0)
            super().__init__(*args, **(kwargs | {"disable": True}))

        def update(self, n: float | None = 1) -> bool | None:
            self.seen += int(n or 0)
            progress("download", self.seen, int(self.total or 0))
            return None

        # With these two the library makes one bar, not a second one that counts
        # the same bytes as they come over the network.
        def update_transfer(self, n: float | None = 1) -> None: ...

        def set_transfer_postfix_str(self, *args: Any, **kwargs: Any) -> None: ...

    return Bar


def unreachable(error: Exception) -> bool:
    """Whether an error means no connection; answers of the Hub do not."""
    from huggingface_hub.errors import HfHubHTTPError

    # The library's HTTP client is named by its module: it changes with versions.
    transport = type(error).__module__.startswith("httpx")
    return isinstance(error, ConnectionError) or (
        transport and not isinstance(error, HfHubHTTPError)
    )


@contextmanager
def sentences(
    repository: str, revision: str | None, advice: str = _ADVICE
) -> Iterator[None]:
    """Every failure of the Hub's library as one plain sentence.

    Raises `ConversionError`.
    """
    try:
        yield
    except ConversionError:
        raise
    except Exception as error:
        sentence = _sentence(error, shown(repository), revision, advice)
        raise ConversionError(sentence) from error


def _sentence(error: Exception, where: str, revision: str | None, advice: str) -> str:
    from huggingface_hub import errors

    log_in = "log in with `hf auth login`"
    if isinstance(error, errors.OfflineModeIsEnabled):
        return (
            f"{where} is not on this computer and HF_HUB_OFFLINE forbids downloads; "
            f"unset it, or {advice.partition(', or ')[2]}."
        )
    if isinstance(error, errors.GatedRepoError):
        return f"{where} has terms to accept on the Hub; accept them and {log_in}."
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"The Hub has no repository {where}, or it is private; check the name, "
            f"or {log_in}."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{where} has no revision {shown(str(revision))}."
    if unreachable(error) or isinstance(error, errors.LocalEntryNotFoundError):
        return f"The Hub cannot be reached; {advice}."
    if isinstance(error, errors.EntryNotFoundError):
        return f"{where} no longer has the file that was asked for."
    if isinstance(error, errors.HFValidationError):
        return f"{where} is not a valid repository name."
    if isinstance(error, errors.HfHubHTTPError):
        status = error.response.status_code
        return f"The Hub answered {status} for {where}; try again later."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"There is no space left to download {where}; free some and try again."
    detail = reason(error) if isinstance(error, OSError) else str(error)
    return f"{where} could not be downloaded: {shown(detail).rstrip('.')}."
