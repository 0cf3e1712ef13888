"""Settings are checked before anything is kept or loaded."""

from backends.sampling_settings import LARGEST_TEMPERATURE, SamplingSettings

from ..errors import UsageError
from ..setting_table import REPLY_SETTINGS
from ..settings import SAMPLING, USUAL_SAMPLING, GenerationSettings
from .controls import NO_CONTROLS, Controls


def check(settings: GenerationSettings) -> None:
    """Raise `UsageError` for a setting of the wrong type or out of range.

    A seed that is still to be drawn is no mistake.
    """
    sampling(settings.seeded().resolved(USUAL_SAMPLING))


def sampling(
    settings: GenerationSettings, controls: Controls = NO_CONTROLS
) -> SamplingSettings:
    """Them as a backend takes them; they are resolved and have a seed.

    Raises `UsageError` naming what is wrong.
    """
    for name, each in REPLY_SETTINGS.items():
        each.check(getattr(settings, name))
    values = {name: getattr(settings, name) for name in SAMPLING}
    values["temperature"] = min(values["temperature"], LARGEST_TEMPERATURE)
    try:
        return SamplingSettings(
            **values,
            seed=settings.seed or 0,
            presence_penalty=controls.presence_penalty,
            frequency_penalty=controls.frequency_penalty,
            logit_bias=controls.logit_bias,
            alternatives=controls.alternatives or 0,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
