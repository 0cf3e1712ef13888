"""A model that breaks down while it writes, in whichever backend it runs."""

from typing import Any

import pytest

from backends import genesis_cpu, genesis_mlx


def break_down(
    monkeypatch: pytest.MonkeyPatch, tokens: int, failure: BaseException | None = None
) -> None:
    """Fail once when the logits after so many tokens from now are computed.

    Without a failure to raise they are NaN, and all that follow.
    """
    computed = 0

    def broken(whole: Any) -> Any:
        def logits(self: Any, *values: Any) -> Any:
            nonlocal computed
            computed += 1
            if failure and computed == tokens + 1:
                raise failure
            found = whole(self, *values)
            return found if failure or computed <= tokens else found * float("nan")

        return logits

    for model, name in (
        (genesis_mlx.Model, "logits"),
        (genesis_cpu.Model, "logits"),
        (genesis_cpu.Model, "step"),
    ):
        monkeypatch.setattr(model, name, broken(getattr(model, name)))
