"""What `models list` and `models info` tell of a training."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..bars import sparkline
from ..text import counted

if TYPE_CHECKING:
    from converters.training_record import Curve, Scores, TrainingRecord

    from ..models import InstalledModel

METHODS = {
    "lora": "LoRA",
    "dora": "DoRA",
    "full": "all weights",
    "ttt": "test-time training",
}
LOSSES = {"loss": "training_loss", "validation": "validation_loss"}
# Digits of a sha256 that are shown where a person only compares.
DIGITS = 12


def method_of(record: "TrainingRecord") -> str:
    """How it was trained, in a few words."""
    method = METHODS[record.method]
    rank = record.settings.get("rank")
    has_rank = record.method in ("lora", "dora") and rank
    return method if not has_rank else f"{method}, rank {rank}"


def origin(training: Mapping[str, Any]) -> str:
    """What a model or an adapter came from, in one line, by its `facts`."""
    base, data, settings = (training[key] for key in ("base", "data", "settings"))
    parts = [
        f"from {base['name']}",
        f"trained on {data['name']} (sha256 {data['sha256'][:DIGITS]}…)",
        f"{counted(training['steps'], 'step')} at {settings.get('learning_rate')}",
        *(
            f"{what} {_ends(*(training[f'{end}_{key}'] for end in ('first', 'last')))}"
            for what, key in LOSSES.items()
            if training[f"first_{key}"] is not None
        ),
    ]
    return ", ".join(parts)


def training_lines(record: "TrainingRecord") -> dict[str, str]:
    """A training as `models info` shows it, curves and all."""
    data, base = record.data, record.base
    rounds = [
        f"{number} for {purpose}"
        for number, purpose in (
            (data.training, "training"),
            (data.validation, "validation"),
            (data.test, "the test"),
        )
        if number
    ]
    settings = ", ".join(
        f"{key.replace('_', ' ')} {_value(value)}"
        for key, value in record.settings.items()
        if value is not None
    )
    lines = {
        "trained from": f"{base.name} (sha256 {base.sha256})",
        "method": method_of(record),
        "data": f"{data.name} (sha256 {data.sha256}): {', '.join(rounds)}",
        "settings": settings,
        "training": (
            f"{counted(record.steps, 'step')}, the weights of step {record.best_step}; "
            f"{record.tokens:,} tokens in {duration(record.seconds)}; {record.ending}"
        ),
        "loss": curve(record.training_losses),
    }
    if record.validation_losses:
        lines["validation"] = curve(record.validation_losses)
    if record.scores:
        lines["test"] = scores(record.scores)
    return lines


def curve(points: "Curve") -> str:
    """A curve in one line, with its ends."""
    if not points:
        return "unknown"
    losses = [loss for _, loss in points]
    return f"{_ends(losses[0], losses[-1])}  {sparkline(losses)}"


def scores(found: "Scores") -> str:
    """The test split before and after, in one line."""
    text = (
        f"{found.right_before} of {found.asked} right before, {found.right_after} after"
    )
    if found.loss_before is not None and found.loss_after is not None:
        text += f"; loss {found.loss_before:.2f} → {found.loss_after:.2f}"
    return text


def duration(seconds: float) -> str:
    """Seconds as a person reads them."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def row_of_adapter(model: "InstalledModel", default: str) -> dict[str, Any]:
    """An adapter as a row of the list."""
    assert model.adapter
    return {
        "name": model.name,
        "default": model.name == default,
        "family": model.family,
        "parameters": model.adapter.parameters,
        "dtype": method_of(model.adapter.training),
        "bytes": model.bytes,
        "state": "ready" if model.problem is None else "cannot be used",
        "adapter_of": model.adapter.training.base.name,
        "training": facts(model.adapter.training),
        **({"problem": model.problem} if model.problem else {}),
    }


def facts(record: "TrainingRecord") -> dict[str, Any]:
    """A training without its curves, but for where they end."""
    content = record.to_json()
    for key in LOSSES.values():
        points: Sequence[tuple[int, float]] = content.pop(f"{key}es")
        content[f"first_{key}"] = points[0][1] if points else None
        content[f"last_{key}"] = points[-1][1] if points else None
    return content


def _ends(first: float, last: float) -> str:
    return f"{first:.2f} → {last:.2f}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
