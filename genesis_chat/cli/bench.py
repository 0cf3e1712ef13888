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
from .bench_show import show, show_cost
from .history import AS_JSON
from .options import complete_model, own_defaults
from .show import notice

PROMPTS, LONG = (16, 128, 512, 2048), (4096, 8192)


@click.command()
@click.option(
    "-m",
    "--model",
    metavar="NAME|DIR|OWNER/NAME",
    shell_complete=complete_model,
    help="Model name, directory or repository in the Hub's cache.",
)
@click.option(
    "--shape", type=click.Choice(["152m"]), help="Use random weights of this shape."
)
@click.option(
    "--backend",
    type=click.Choice(["all", *BACKENDS]),
    show_default="mlx with Metal, else cpu",
    help="Backend to use; all compares them.",
)
@click.option("--dtype", type=click.Choice(COMPUTE_DTYPES), help="Compute precision.")
@click.option(
    "--force", is_flag=True, help="Measure even if the weights exceed the memory."
)
@click.option(
    "--prompt",
    type=click.IntRange(1),
    multiple=True,
    help="Prompt length in tokens; can be repeated.",
)
@click.option(
    "--long",
    "longer",
    is_flag=True,
    help="Also measure prompts of 4,096 and 8,192 tokens.",
)
@click.option(
    "--decode",
    type=click.IntRange(2),
    default=32,
    show_default=True,
    help="Reply length in tokens.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="How often to measure each prompt length.",
)
@click.option(
    "--against",
    "peers",
    type=click.Choice(["reference", "llama.cpp", "mlx-lm"]),
    multiple=True,
    help="Also measure another installed program and show the ratio.",
)
@click.option(
    "--cost",
    is_flag=True,
    help="Count GPU dispatches and bytes per token instead of measuring.",
)
@click.option(
    "--context",
    type=click.IntRange(1, 2047),
    default=1024,
    show_default=True,
    help="With --cost: tokens already in the cache.",
)
@click.option(
    "--ttt/--no-ttt", default=False, help="With --cost: count test-time training too."
)
@AS_JSON
def bench(cost: bool, context: int, ttt: bool, json_output: bool, **run: Any) -> int:
    """Measure a model's speed on this computer."""
    if cost:
        return _cost(context, ttt, json_output)
    from ..bench import find_peer

    if run["shape"] and run["model"]:
        raise UsageError("--shape and --model cannot be used together; leave one out.")
    for peer in run["peers"]:
        find_peer(peer)
    backends = _backends(run["backend"], run["dtype"])
    found = _measured(run, backends)
    if json_output:
        click.echo(json.dumps(found if run["backend"] == "all" else found[0]))
        return 0
    for each in found:
        show(each, found[0])
    return 0


def _backends(name: str | None, dtype: str | None) -> list[tuple[str, str | None]]:
    """What to measure: names with dtypes. Raises `UsageError`."""
    from ..bench import comparable
    from ..engine import choose_backend

    if name == "all":
        chosen, missing = comparable(dtype)
        for backend, library in missing.items():
            notice(f"Skipping {backend}: {library} is not installed here.")
        return chosen or [(choose_backend("auto", dtype).name, dtype)]
    if name is None:
        own = own_defaults()
        name, dtype = own.get("backend", "auto"), dtype or own.get("dtype")
    return [(choose_backend(name, dtype).name, dtype)]


def _measured(
    run: dict[str, Any], backends: list[tuple[str, str | None]]
) -> list[dict[str, Any]]:
    """What every backend does, with the peers' figures under `against`."""
    from ..bench import Task, against, measure, measure_peer, overall

    prompts = run["prompt"] or (*PROMPTS, *(LONG if run["longer"] else ()))
    with _model(run, max(prompts) + run["decode"] + 1) as (directory, context):
        fitting = tuple(n for n in prompts if n + run["decode"] < context)
        if not fitting:
            raise UsageError(
                f"--prompt is too long for a context of {context} tokens; give fewer."
            )
        if left := [str(n) for n in prompts if n not in fitting]:
            notice(
                f"Skipping prompts of {', '.join(left)} tokens: this model's context "
                f"is {context} tokens."
            )
        task = Task(str(directory), "", None, fitting, run["decode"], run["repeat"])
        found = []
        for each, kind in backends:
            notice(f"Measuring {' '.join(filter(None, (each, kind)))}…")
            found.append(measure(replace(task, backend=each, dtype=kind)))
        peers = []
        for peer in run["peers"]:
            notice(f"Measuring {peer}…")
            peers.append(measure_peer(peer, task))
    for ours in found:
        ours |= overall(ours)
        ours["against"] = {theirs["name"]: against(ours, theirs) for theirs in peers}
    return found


@contextmanager
def _model(run: dict[str, Any], needed: int) -> Iterator[tuple[Path, int]]:
    """The model's directory, and how many tokens it can read."""
    if run["shape"]:
        from ..bench import released_shape

        notice("Using random weights: speed does not depend on their values.")
        with released_shape(needed) as directory:
            yield directory, needed + 1
        return
    from ..engine import check_memory, describe
    from ..models import choose

    chosen = choose(run["model"])
    if chosen.problem:
        raise ModelError(chosen.problem)
    if not run["force"]:
        check_memory(chosen.directory, chosen.name)
    yield chosen.directory, describe(chosen.directory).context


def _cost(context: int, ttt: bool, json_output: bool) -> int:
    from ..bench.cost import token_costs

    found = token_costs(context, ttt)
    if json_output:
        click.echo(json.dumps(found))
    else:
        show_cost(found)
    return 0
