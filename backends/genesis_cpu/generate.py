"""Generating with a model of this backend, without its adapter."""

from collections.abc import Generator, Sequence
from typing import Unpack

from .. import generation
from ..events import GeneratedToken, Prefilled
from ..generation import GenerationOptions
from .cache import Cache
from .language_model import LanguageModel
from .model import Model


def generate(
    model: Model,
    prompt: Sequence[int],
    *,
    cache: Cache | None = None,
    **options: Unpack[GenerationOptions],
) -> Generator[GeneratedToken]:
    """See `backends.generation.generate`."""
    return generation.generate(LanguageModel(model), prompt, cache, **options)


def generate_with_progress(
    model: Model,
    prompt: Sequence[int],
    *,
    cache: Cache | None = None,
    **options: Unpack[GenerationOptions],
) -> Generator[Prefilled | GeneratedToken]:
    """See `backends.generation.generate_with_progress`."""
    return generation.generate_with_progress(
        LanguageModel(model), prompt, cache, **options
    )
