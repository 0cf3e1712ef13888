"""`genesis-chat bench`: how fast it is here, and what a token costs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..errors import ModelError, UsageError
from ..settings import BACKENDS, COMPUTE_DTYPES
from .history import AS_JSON
from .options import complete_model, own_defaults
from .show import notice

PROMPTS, LONG = (16, 128, 512, 2048), 8192
# What `--backend all` compares, the reference's numbers first.
ALL = (("mlx", "float32"), ("cpu", "float32"), ("cpu", "int8"))
KINDS = (("prefill", "reads"), ("decode", "writes"))


@click.command()
@click.option(
    "-m",
    "--model",
    metavar="NAME|DIR",
    shell_complete=complete_model,
    help="Installed model or converted directory. Default: the default model.",
)
@click.option("--shape", type=click.Choice(["152m"]), help="Random weights instead.")
@click.option(
    "--backend",
    type=click.Choice(["all", *BACKENDS]),
    show_default="mlx with Metal, else cpu",
    help="What runs the model; all compares.",
)
@click.option(
    "--dtype", type=click.Choice(COMPUTE_DTYPES), help="What the backend computes in."
)
@click.option("--prompt", type=click.IntRange(1), multiple=True, help="Its tokens.")
@click.option("--long", "longer", is_flag=True, help="Also 8,192 tokens (--shape).")
@click.option("--decode", type=click.IntRange(2), default=32, show_default=True)
@click.option("--repeat", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--against",
    "peers",
    type=click.Choice(["reference", "llama.cpp", "mlx-lm"]),
    multiple=True,
    help="Measure an installed program too, and say ours over its figures.",
)
@click.option(
    "--cost",
    is_flag=True,
    help="Count a decoded token on Apple's GPU: dispatches and bytes.",
)
@click.option(
    "--context",
    type=click.IntRange(1, 2047),
    default=1024,
    show_default=True,
    help="Tokens in the cache, with --cost.",
)
@click.option("--ttt/--no-ttt", default=False, help="Test-time training, with --cost.")
@AS_JSON
def bench(cost: bool, context: int, ttt: bool, json_output: bool, **run: Any) -> int:
    """Measure a model's speed here; with --cost count instead."""
    if cost:
        return _cost(context, ttt, json_output)
    from ..engine.speed import find_peer

    if run["shape"] and run["model"]:
        raise UsageError("--shape takes no model: its weights are random.")
    for peer in run["peers"]:
        find_peer(peer)
    backends = _backends(run["backend"], run["dtype"])
    found = _measured(run, backends)
    if json_output:
        click.echo(json.dumps(found if run["backend"] == "all" else found[0]))
        return 0
    for each in found:
        _show(each, found[0])
    return 0


def _backends(name: str | None, dtype: str | None) -> list[tuple[str, str | None]]:
    """What to measure: names with dtypes. Raises `UsageError`."""
    from ..engine import choose_backend, mlx_is_installed

    if name == "all":
        chosen = [each for each in ALL if dtype in (None, each[1])]
        if not mlx_is_installed():
            notice("MLX is not installed here; only the CPU backend is measured.")
            chosen = [each for each in chosen if each[0] != "mlx"]
        return [*chosen] or [(choose_backend("auto", dtype).name, dtype)]
    if name is None:
        own = own_defaults()
        name, dtype = own.get("backend", "auto"), dtype or own.get("dtype")
    return [(choose_backend(name, dtype).name, dtype)]  # type: ignore[arg-type]  # checked there


def _measured(
    run: dict[str, Any], backends: list[tuple[str, str | None]]
) -> list[dict[str, Any]]:
    """What every backend does, with the peers' figures under `against`."""
    from ..engine.speed import Task, against, measure, measure_peer, overall

    prompts = run["prompt"] or (*PROMPTS, *((LONG,) if run["longer"] else ()))
    with _model(run, max(prompts) + run["decode"] + 1) as (directory, context):
        fitting = tuple(n for n in prompts if n + run["decode"] < context)
        if not fitting:
            raise UsageError(f"--prompt: this model reads {context} tokens at most.")
        if left := [str(n) for n in prompts if n not in fitting]:
            notice(
                f"Left out: {', '.join(left)} tokens, since this model reads "
                f"{context} at most."
            )
        task = Task(str(directory), "", None, fitting, run["decode"], run["repeat"])
        found = []
        for each, kind in backends:
            notice(f"Measuring {' '.join(filter(None, (each, kind)))} ...")
            found.append(measure(replace(task, backend=each, dtype=kind)))
        peers = []
        for peer in run["peers"]:
            notice(f"Measuring {peer} ...")
            peers.append(measure_peer(peer, task))
    for ours in found:
        ours |= overall(ours)
        ours["against"] = {theirs["name"]: against(ours, theirs) for theirs in peers}
    return found


@contextmanager
def _model(run: dict[str, Any], needed: int) -> Iterator[tuple[Path, int]]:
    """The model's directory, and how many tokens it can read."""
    if run["shape"]:
        from ..engine.speed import released_shape

        notice("Random weights of the released shape: speed does not depend on them.")
        with released_shape(needed) as directory:
            yield directory, needed + 1
        return
    from ..engine import describe
    from ..models import choose

    chosen = choose(run["model"])
    if chosen.problem:
        raise ModelError(chosen.problem)
    yield chosen.directory, describe(chosen.directory).context


def _show(found: dict[str, Any], first: dict[str, Any]) -> None:
    limit = found["streaming_limit_tokens_per_second"]
    weights, peak = found["weight_bytes"], found["peak_memory_bytes"]
    click.echo(f"\n{found['backend']}, {found['dtype']} on {found['device']}")
    for warning in found["warnings"]:
        notice(warning)
    click.echo(f"  start {found['start_seconds']:.2f} s")
    most = f", peak memory {peak / 1e6:.0f} MB" if peak else ""
    click.echo(f"  weights {weights / 1e6:.0f} MB{most}")
    click.echo(f"  memory allows {limit:.0f} tokens/s")
    for row, base in zip(found["prompts"], first["prompts"], strict=True):
        parts = [f"  {row['prompt_tokens']:5} tokens:"]
        for key, verb in KINDS:
            now = row[f"{key}_tokens_per_second"]
            ratio = now["median"] / base[f"{key}_tokens_per_second"]["median"]
            spread = f"{now['low']:.0f} to {now['high']:.0f}"
            parts.append(f"{verb} {now['median']:.0f}/s ({spread}; {ratio:.2f}x)")
        wait = row["seconds_to_first_token"]["median"]
        click.echo(f"{parts[0]} {parts[1]}, {parts[2]}, first after {wait:.2f} s")
    for name, theirs in found["against"].items():
        click.echo(f"  over {name} ({theirs['version']}):")
        for row, ratio in zip(theirs["prompts"], theirs["ratios"], strict=True):
            parts = [f"  {row['prompt_tokens']:5} tokens:"]
            for kind, verb in KINDS:
                speed = row[f"{kind}_tokens_per_second"]["median"]
                parts.append(f"{verb} {ratio[f'{kind}_ratio']:.2f}x its {speed:.0f}/s")
            click.echo(f"{parts[0]} {', '.join(parts[1:])}")


def _cost(context: int, ttt: bool, json_output: bool) -> int:
    from ..engine.cost import token_costs

    found = token_costs(context, ttt)
    if json_output:
        click.echo(json.dumps(found))
        return 0
    click.echo(f"One token, {found['dtype']} weights, {context} tokens in the cache")
    for each in (found, *found["peers"]):
        click.echo(f"\n{each['name']}")
        click.echo(f"  {'dispatches':18} {each['dispatches_per_token']}")
        for key in ("bytes_per_token", "weight_bytes", "key_value_bytes"):
            click.echo(f"  {key.replace('_', ' '):18} {each[key] / 1e6:.1f} MB")
        times = each["milliseconds"].items()
        shown = ", ".join(f"{chip} {value:.2f} ms" for chip, value in times)
        click.echo(f"  {'bandwidth allows':18} {shown}")
    notice("Computed from the graph and published bandwidths, not measured.")
    if not found["peers"]:
        notice("Install mlx-lm to count its Qwen3-Next beside it.")
    return 0
