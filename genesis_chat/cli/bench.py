"""`genesis-chat bench`: what a token costs."""

import json

import click

from ..errors import UsageError
from .history import AS_JSON
from .show import notice


@click.command()
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
    help="Tokens in the cache.",
)
@click.option("--ttt/--no-ttt", default=False, help="With test-time training.")
@AS_JSON
def bench(cost: bool, context: int, ttt: bool, json_output: bool) -> int:
    """Say what a decoded token of the 152M model costs; nothing is measured."""
    from ..engine.cost import token_costs

    if not cost:
        raise UsageError("Say what to count: genesis-chat bench --cost.")
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
