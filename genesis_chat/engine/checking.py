"""Settings are checked before anything is kept or loaded."""

from dataclasses import fields

from backends.sampling_settings import SamplingSettings

from ..errors import UsageError
from ..settings import (
    AUTOMATIC,
    SAMPLING,
    THINKING_MODES,
    USUAL_SAMPLING,
    GenerationSettings,
    check_seed,
    kind_of,
)
from .controls import NO_CONTROLS, Controls


def check(settings: GenerationSettings) -> None:
    """Raise `UsageError` for a setting of the wrong type or out of range.

    A seed that is still to be drawn is no mistake.
    """
    sampling(settings.seeded().resolved(USUAL_SAMPLING))
    if settings.max_tokens is not None and settings.max_tokens < 1:
        raise UsageError(f"max_tokens must be at least 1, not {settings.max_tokens}.")


def sampling(
    settings: GenerationSettings, controls: Controls = NO_CONTROLS
) -> SamplingSettings:
    """Them as a backend takes them; they are resolved and have a seed.

    Raises `UsageError` naming what is wrong.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name == "thinking":
            if value not in THINKING_MODES:
                raise UsageError(
                    f"thinking must be one of {', '.join(THINKING_MODES)}, not "
                    f"{value!r}."
                )
            continue
        if field.name in AUTOMATIC and value is None:
            continue
        kind = kind_of(field.name)
        wanted = (int, float) if kind is float else (int,)
        boolean = kind is bool
        if isinstance(value, bool) != boolean or not isinstance(value, wanted):
            raise UsageError(f"{field.name} must be a number, not {value!r}.")
    check_seed(settings.seed)
    try:
        return SamplingSettings(
            **{name: getattr(settings, name) for name in SAMPLING},
            seed=settings.seed or 0,
            presence_penalty=controls.presence_penalty,
            frequency_penalty=controls.frequency_penalty,
            logit_bias=controls.logit_bias,
            alternatives=controls.alternatives or 0,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
