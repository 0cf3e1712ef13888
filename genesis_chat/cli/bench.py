"""`genesis-chat bench`: how fast it is here, and what a token costs."""

import json
from typing import Any

import click

from .history import AS_JSON
from .show import notice

PROMPTS, LONG = (16, 128, 512, 2048), 8192
# What `--backend all` compares, the reference's numbers first.
ALL = (("mlx", "float32"), ("cpu", "float32"), ("cpu", "int8"))


@click.command()
@click.option("-m", "--model", help="An installed model's name or a directory.")
@click.option("--shape", type=click.Choice(["152m"]), help="Random weights instead.")
@click.option(
    "--backend",
    type=click.Choice(["all", "auto", "mlx", "cpu"]),
    default="all",
    show_default=True,
)
@click.option("--dtype", help="What the backend computes in.")
@click.option("--prompt", type=click.IntRange(1), multiple=True, help="Its tokens.")
@click.option("--long", "longer", is_flag=True, help="Also 8,192 tokens (--shape).")
@click.option("--decode", type=click.IntRange(2), default=32, show_default=True)
@click.option("--repeat", type=click.IntRange(1), default=3, show_default=True)
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
    from ..engine.speed import Task, measure, measure_shape
    from ..models import choose

    name, dtype = run["backend"], run["dtype"]
    backends = list(ALL) if name == "all" and not dtype else [(name, dtype)]
    backends = [("auto" if each == "all" else each, kind) for each, kind in backends]
    prompts = run["prompt"] or (*PROMPTS, *((LONG,) if run["longer"] else ()))
    options = {"decoded": run["decode"], "repeats": run["repeat"]}
    if run["shape"]:
        notice("Random weights of the released shape: speed does not depend on them.")
        found = measure_shape(backends, prompts, **options)
    else:
        model = choose(run["model"])
        fitting = tuple(n for n in prompts if n + run["decode"] < _context(model))
        found = [
            measure(Task(str(model.directory), each, kind, fitting, **options))
            for each, kind in backends
        ]
    if json_output:
        click.echo(json.dumps(found))
        return 0
    for each in found:
        _show(each, found[0])
    return 0


def _context(model: Any) -> int:
    config = json.loads((model.directory / "config.json").read_text(encoding="utf-8"))
    return int(config["block_size"])


def _show(found: dict[str, Any], first: dict[str, Any]) -> None:
    limit = found["streaming_limit_tokens_per_second"]
    weights, peak = found["weight_bytes"], found["peak_memory_bytes"]
    click.echo(f"\n{found['backend']}, {found['dtype']} on {found['device']}")
    click.echo(f"  start {found['start_seconds']:.2f} s")
    click.echo(f"  weights {weights / 1e6:.0f} MB, peak memory {peak / 1e6:.0f} MB")
    click.echo(f"  memory allows {limit:.0f} tokens/s")
    for row, base in zip(found["prompts"], first["prompts"], strict=True):
        parts = [f"  {row['prompt_tokens']:5} tokens:"]
        for key, verb in (("prefill", "reads"), ("decode", "writes")):
            now = row[f"{key}_tokens_per_second"]
            ratio = now["median"] / base[f"{key}_tokens_per_second"]["median"]
            spread = f"{now['low']:.0f} to {now['high']:.0f}"
            parts.append(f"{verb} {now['median']:.0f}/s ({spread}; {ratio:.2f}x)")
        wait = row["seconds_to_first_token"]["median"]
        click.echo(f"{parts[0]} {parts[1]}, {parts[2]}, first after {wait:.2f} s")


def _cost(context: int, ttt: bool, json_output: bool) -> int:
    from ..engine.cost import token_costs

    found = token_costs(context, ttt)
    if json_output:
        click.echo(json.dumps(found))
        return 0
    click.echo(f"One token, {found['dtype']} weights, {context} tokens in the cache")
    for each in found["costs"]:
        click.echo(f"\n{each['name']}")
        click.echo(f"  {'dispatches':18} {each['dispatches_per_token']}")
        for key in ("bytes_per_token", "weight_bytes", "key_value_bytes"):
            click.echo(f"  {key.replace('_', ' '):18} {each[key] / 1e6:.1f} MB")
        times = each["milliseconds"].items()
        shown = ", ".join(f"{chip} {value:.2f} ms" for chip, value in times)
        click.echo(f"  {'bandwidth allows':18} {shown}")
    notice("Computed from the graph and published bandwidths, not measured.")
    if len(found["costs"]) == 1:
        notice("Install mlx-lm to count its Qwen3-Next beside it.")
    return 0
