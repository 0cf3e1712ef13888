"""What `bench` has found, for people."""

from typing import Any

import click

from .show import notice

KINDS = (("prefill", "reads"), ("decode", "writes"))


def show(found: dict[str, Any], first: dict[str, Any]) -> None:
    """A backend's figures, with ratios to those of the first one."""
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
        click.echo(f"{parts[0]} {parts[1]}, {parts[2]}, first token after {wait:.2f} s")
    for row in found.get("usual_command_buffers", ()):
        now = row["decode_tokens_per_second"]["median"]
        click.echo(
            f"  {row['prompt_tokens']:5} tokens, command buffers as MLX makes them: "
            f"writes {now:.0f}/s"
        )
    if growth := found["decode_growth"]:
        token = growth["milliseconds"]
        more = growth["milliseconds_per_1000_tokens"]
        # Prompts of about one length, or other work, can tell anything.
        grows = token > 0 and more > 0
        click.echo(
            f"  a token takes {token:.2f} ms, and {more:.2f} ms ({more / token:.0%}) "
            "for each 1,000 before it (attention; the rest does not grow)"
            if grows
            else "  what a longer text adds to a token could not be told; use prompts "
            "further apart, or more --repeat"
        )
    for name, theirs in found["against"].items():
        click.echo(f"  over {name} ({theirs['version']}):")
        for row, ratio in zip(theirs["prompts"], theirs["ratios"], strict=True):
            parts = [f"  {row['prompt_tokens']:5} tokens:"]
            for kind, verb in KINDS:
                speed = row[f"{kind}_tokens_per_second"]["median"]
                parts.append(f"{verb} {ratio[f'{kind}_ratio']:.2f}x its {speed:.0f}/s")
            click.echo(f"{parts[0]} {', '.join(parts[1:])}")


def show_cost(found: dict[str, Any]) -> None:
    """Dispatches, bytes and times of one decoded token, of every model counted."""
    click.echo(
        f"One token, {found['dtype']} weights, {found['context']} tokens in the cache"
    )
    for each in (found, *found["peers"]):
        click.echo(f"\n{each['name']}")
        click.echo(f"  {'dispatches':18} {each['dispatches_per_token']}")
        for key in ("bytes_per_token", "weight_bytes", "key_value_bytes"):
            click.echo(f"  {key.replace('_', ' '):18} {each[key] / 1e6:.1f} MB")
        times = each["milliseconds"].items()
        shown = ", ".join(f"{chip} {value:.2f} ms" for chip, value in times)
        click.echo(f"  {'bandwidth allows':18} {shown}")
    prompt = found["prompt"]
    click.echo(
        f"\nA prompt of {prompt['tokens']} tokens, {found['name']}: "
        f"{prompt['dispatches']} dispatches, {prompt['bytes'] / 1e6:.0f} MB"
    )
    notice("Computed from the graph and published bandwidths, not measured.")
    if not found["peers"]:
        notice("Install mlx-lm to count its Qwen3-Next beside it.")
