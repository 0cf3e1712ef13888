"""The one value for the model that is asked for."""

from pathlib import Path
from typing import Any

import pytest

from genesis_chat import load
from genesis_chat.model_choice import ModelChoice


def test_what_is_on_or_off_is_a_switch() -> None:
    options = {"dtype": "int8", "backend": "cpu", "delta_rule": True}
    on = ModelChoice.of("some", options)
    assert on == ModelChoice("some", "int8", "cpu", frozenset({"delta_rule"}))
    assert not ModelChoice.of("some", {**options, "delta_rule": False}).switches
    assert ModelChoice.of(None, {}) == ModelChoice()


def test_another_model_is_run_in_the_same_way() -> None:
    first = ModelChoice("some", "float32", "mlx", frozenset({"delta_rule"}))
    other = first.named(Path("other"))
    assert (other.name, other.named("some")) == (Path("other"), first)


def test_a_keyword_nobody_knows_is_a_mistake() -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"delta": True},
        {"name": "x"},
        {"switches": frozenset()},
    )
    for options in wrong:
        with pytest.raises(TypeError, match=next(iter(options))):
            ModelChoice.of(None, options)
    with pytest.raises(TypeError, match="delta"):
        load("builtin", delta=True)  # type: ignore[call-arg]
