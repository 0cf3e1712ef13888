"""The cost of a decoded token: this model's, and a peer's counted the same way."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from backends.genesis.args import ModelArgs

from .cost import Cost, PromptCost
from .ours import genesis_cost, prompt_cost

# Tokens that are read at once on Metal.
PROMPT = 512


@dataclass(frozen=True)
class CostReport:
    """Costs at `context` tokens in the cache; computed, not measured."""

    context: int
    dtype: str
    ours: Cost
    prompt: PromptCost
    peers: list[Cost]


def cost_report(
    args: ModelArgs | None = None, *, context: int = 1024, ttt: bool = False
) -> CostReport:
    """Count a decoded token of a model, the released one unless `args` says else.

    It is drawn with the default settings; a prompt is counted too. The peer, mlx-lm's
    Qwen3-Next in the same sizes, is counted where mlx-lm is installed, taking the most
    likely token. Weights are bfloat16.
    """
    args = args or ModelArgs.released()
    peers = [_peer(args, context)] if find_spec("mlx_lm") else []
    ours, prompt = genesis_cost(args, context, ttt), prompt_cost(args, PROMPT, ttt)
    return CostReport(context, "bfloat16", ours, prompt, peers)


def _peer(args: ModelArgs, context: int) -> Cost:
    """In a process of its own: what MLX compiles is marked before it is imported."""
    request = json.dumps({"args": asdict(args), "context": context})
    done = subprocess.run(
        [sys.executable, "-P", "-m", f"{__package__}.peer"],
        input=request,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise RuntimeError(f"mlx-lm's model could not be counted: {lines[-1]}.")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))
