"""Models in the Hub's cache on this computer: used where they are, never changed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import ModelError
from .folder import BUILTIN
from .store import InstalledModel, installed, names, open_directory


def from_hub(id: str) -> InstalledModel:
    """A repository's model, if it was pulled or lies in the Hub's cache.

    The id may end in @ and a revision: a branch, a tag, or a commit or its beginning.
    Look at the model's `problem` before it is used. Raises `ModelError`.
    """
    repository, _, revision = id.partition("@")
    for model in installed():
        source = model.manifest.source if model.manifest else None
        if (
            source
            and not model.training
            and source.kind == "hub"
            and source.name.lower() == repository.lower()
            and (not revision or _is_at(source.revision, revision))
        ):
            return model
    fetch = f"genesis-chat models pull {id}"
    folder = _snapshot(repository, revision or None)
    if folder is None:
        raise ModelError(
            f"{id} is neither a folder nor in the Hub's cache; if it is a model of the "
            f"Hub, fetch it with: {fetch}"
        )
    model = open_directory(folder, id)
    if model.folder is None:
        raise ModelError(
            f"{id} is in the Hub's cache, but cannot be used as it is; install it "
            f"with: {fetch}"
        )
    if model.problem:
        from converters.errors import AGAIN

        problem = model.problem.rstrip(".").removesuffix(AGAIN)
        problem = f"{problem}; fetch it with: {fetch}"
        return replace(model, problem=problem, cached=True)
    return replace(model, cached=True)


def cached_models() -> Iterator[InstalledModel]:
    """Models of other families in the Hub's cache.

    One that is not whole there, or that nothing here runs, has a `problem`. Genesis
    checkpoints are not among them, since they are converted.
    """
    from converters import ConversionError
    from converters.hub_cache import cached_repositories
    from converters.whole_folder import look_at_folder

    for repository in cached_repositories():
        try:
            directory = repository.snapshot()
            folder = look_at_folder(directory)
        except (ConversionError, OSError, ValueError):
            # Not for us to repair: what is offered is what can be read.
            continue
        if folder:
            problem = folder.problem or folder.unrunnable
            yield InstalledModel(
                repository.id, directory, None, problem, folder, cached=True
            )


def choosable_names() -> list[str]:
    """Names of installed models, the built-in one, and what can be used in the cache.

    Raises `ModelError`.
    """
    cached = [model.name for model in cached_models() if not model.problem]
    return [*names(), BUILTIN, *cached]


def _is_at(commit: str | None, revision: str) -> bool:
    """Whether what was pulled is of a commit, or of one that begins so."""
    from converters.hub_cache import SHORTEST_COMMIT

    enough = len(revision) >= SHORTEST_COMMIT
    return enough and commit is not None and commit.startswith(revision)


def _snapshot(id: str, revision: str | None) -> Path | None:
    from converters import ConversionError
    from converters.hub_cache import find_cached

    try:
        repository = find_cached(id)
        return repository.snapshot(revision) if repository else None
    except ConversionError as error:
        raise ModelError(str(error)) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{id} in the Hub's cache cannot be read: {error}") from error
