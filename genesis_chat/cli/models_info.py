"""`models info`: what a model is, where it comes from, and what runs it here."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ..errors import ModelError
from ..text import sanitize
from .models_show import dtype_of
from .models_training import training_lines
from .options import complete_model
from .show import notice

if TYPE_CHECKING:
    from converters import Manifest

    from ..engine import Outlook
    from ..models import InstalledModel

UNSTATED = "the source does not say"


@click.command()
@click.argument("name", required=False, shell_complete=complete_model)
@click.option("--json", "json_output", is_flag=True, help="Print one JSON object.")
def info(name: str | None, json_output: bool) -> int:
    """Show a model's details, its origin, and what runs it here."""
    from ..engine import describe, outlook
    from ..models import choose, default_name, look

    named = look(name or default_name())
    # What an adapter and its base are together, which is prepared for that.
    model = choose(name, notice)
    adapter = named.adapter
    manifest, folder = model.manifest, model.folder
    if manifest is None and folder is None:
        raise ModelError(model.problem or f"{model.name} has no manifest.")
    about, ahead = describe(model.directory), outlook(model.directory)
    if json_output:
        facts = {
            "name": model.name,
            "directory": str(model.directory),
            "bytes": model.bytes,
            "family": model.family,
            "context": about.context,
            "layers": about.layers,
            "flags": about.flags,
            "sampling": asdict(about.sampling),
            "hub_cache": model.cached,
            "folder": asdict(folder) if folder else None,
            "manifest": asdict(manifest) if manifest else None,
            "adapter": asdict(adapter) if adapter else None,
            "runs": asdict(ahead),
            "problem": model.problem,
        }
        click.echo(json.dumps(facts))
        return 0
    lines = {"name": model.name, "family": model.family or ""}
    if manifest:
        lines["parameters"] = f"{manifest.parameters:,}"
    lines["layers"] = ", ".join(
        f"{n}" if kind == "layers" else f"{n} {about.labels.get(kind, kind)}"
        for kind, n in about.layers.items()
    )
    lines["context"] = f"{about.context:,} tokens"
    lines["sampling"] = ", ".join(
        f"{key} {value:g}" for key, value in asdict(about.sampling).items()
    )
    lines["size"] = f"{model.bytes:,} bytes in {model.directory}"
    if adapter:
        lines["adapter"] = (
            f"{adapter.parameters:,} numbers, {named.bytes:,} bytes in "
            f"{named.directory}"
        )
    lines |= _source(manifest) if manifest else _found(model)
    if model.training:
        lines |= training_lines(model.training)
    lines |= _runs(ahead)
    for key, value in lines.items():
        click.echo(sanitize(f"{key:<14} {value}"))
    for warning in about.warnings:
        notice(f"Note: {warning}")
    for key, flag in about.flags.items():
        click.echo(sanitize(f"  {key:<26} {flag}"))
    if model.problem:
        raise ModelError(model.problem)
    return 0


def _source(manifest: "Manifest") -> dict[str, str]:
    """What was recorded when the model was installed."""
    from converters.manifest import FORMAT_WITH_FAMILIES

    source, was = manifest.source, manifest.stored_as
    revision = f" at {source.revision}" if source.revision else ""
    inside = "" if source.kind == "file" else f", {source.file}"
    dtype = dtype_of(manifest)
    lines = {
        "dtype": dtype + (f" (was {was})" if was and was not in dtype else ""),
        "source": f"{source.name}{revision}{inside}",
        "sha256": source.sha256,
        "tokenizer": manifest.tokenizer_kind,
        "converted": manifest.created,
        "configuration": _provenance(manifest),
        "left out": ", ".join(manifest.left_out) or "nothing",
    }
    if manifest.format == FORMAT_WITH_FAMILIES:
        lines["license"] = manifest.license or UNSTATED
    return lines


def _found(model: "InstalledModel") -> dict[str, str]:
    """What a folder without a manifest tells itself."""
    assert model.folder
    where = "the Hub's cache" if model.cached else "a folder without a manifest"
    return {
        "quantisation": model.folder.quantization or "none",
        "source": f"{where}, used in place",
        "license": model.folder.license or UNSTATED,
    }


def _runs(ahead: "Outlook") -> dict[str, str]:
    if ahead.backend is None:
        return {"runs here": f"no: {ahead.problem}"}
    lines = {"runs here": f"on the backend {ahead.backend} ({ahead.why})"}
    if ahead.divergences:
        lines["its weights"] = "; ".join(
            f"{dtype}: mean KL from float32 {real:g} nats (SmolLM2-135M), "
            f"{demo:g} (the demo model)"
            for dtype, real, demo in ahead.divergences
        )
    if ahead.weight_bytes and ahead.memory_bytes:
        has = f"{ahead.weight_bytes / 1e9:.1f} of {ahead.memory_bytes / 1e9:.1f} GB"
        fits = "" if ahead.weight_bytes <= ahead.memory_bytes else ", which is too much"
        lines["memory"] = f"{has}{fits}"
    if ahead.supported is not None:
        tested = "supported: its family passed the tests of this program"
        lines["family is"] = tested if ahead.supported else "best effort: not tested"
        lines["its states"] = _states(ahead)
    return lines


def _states(ahead: "Outlook") -> str:
    features = ahead.features
    if features is None:
        return "known when it is loaded"
    kept = "kept on disk" if features.can_save else "not kept on disk"
    copied = "copied" if features.can_copy else "not copied: every turn is read anew"
    cut = "cut back" if features.can_trim else "not cut back: an edit is read anew"
    return f"{copied}, {kept}, {cut}"


def _provenance(manifest: "Manifest") -> str:
    if manifest.configuration == "metadata":
        return "read from the source"
    assumed = "ASSUMED: the checkpoint holds none, so the released model's is used"
    if manifest.corrected:
        fields = ", ".join(manifest.corrected)
        assumed += f", corrected by the shapes of the tensors in {fields}"
    return f"{assumed}; what shapes cannot show may be wrong"
