"""What a decoded token costs on Apple's GPU, computed without one."""

from importlib.util import find_spec
from typing import Any

from ...errors import GenerationError, UsageError


def token_costs(context: int, ttt: bool) -> dict[str, Any]:
    """The released model's costs, and those of the peers that are installed.

    A mapping of plain values: our own, with a list of the same for each of `peers`.
    Raises `GenerationError` when a peer cannot be counted, `UsageError` without MLX.
    """
    if find_spec("mlx") is None:
        raise UsageError("--cost counts what MLX would do; it is not installed here.")
    from dataclasses import asdict

    from .cost import Cost
    from .report import cost_report
    from .roofline import BANDWIDTHS

    def counted(cost: Cost) -> dict[str, Any]:
        return {**asdict(cost), "milliseconds": cost.milliseconds}

    try:
        report = cost_report(context=context, ttt=ttt)
    except RuntimeError as error:
        raise GenerationError(str(error)) from error
    return {
        "computed": True,
        "context": report.context,
        "dtype": report.dtype,
        "bandwidths": dict(BANDWIDTHS),
        **counted(report.ours),
        "prompt": asdict(report.prompt),
        "peers": [counted(peer) for peer in report.peers],
    }
