"""`bench` measures what it says it measures; what comes out is never judged here."""

import json
from pathlib import Path

import pytest
from terminal import call

QUICK = ("--prompt", "16", "--decode", "2", "--repeat", "1")


def test_every_figure_is_there_for_every_backend(
    private_home: Path,
) -> None:
    every = ("--backend", "all", "--json")
    result = call("bench", "-m", "builtin", *QUICK, *every)
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert [(each["backend"], each["dtype"]) for each in found] == [
        ("mlx", "float32"),
        ("cpu", "float32"),
        ("cpu", "int8"),
    ]
    for each in found:
        assert each["peak_memory_bytes"] > each["weight_bytes"] > 0
        assert each["streaming_limit_tokens_per_second"] > 0
        (row,) = each["prompts"]
        assert row["prompt_tokens"] == 16
        for key in ("prefill_tokens_per_second", "decode_tokens_per_second"):
            assert 0 < row[key]["low"] <= row[key]["median"] <= row[key]["high"]
            assert each[key] == row[key]["median"]
        assert each["decode_growth"] is None
    assert found[2]["weight_bytes"] < found[1]["weight_bytes"] / 2


def test_by_default_what_a_chat_runs_on(home: Path) -> None:
    """One object; the settings file counts, and so do prompts that do not fit."""
    assert call("config", "set", "dtype", "float32").code == 0
    more = ("--prompt", "5", "--prompt", "2000", "--json")
    result = call("bench", *QUICK, *more)
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert found["dtype"] == "float32" and found["against"] == {}
    assert [row["prompt_tokens"] for row in found["prompts"]] == [16, 5]
    assert "2000" in result.err
    speeds = [row["decode_tokens_per_second"]["median"] for row in found["prompts"]]
    assert found["decode_tokens_per_second"] == pytest.approx(sum(speeds) / 2)
    growth = found["decode_growth"]
    assert set(growth) == {"milliseconds", "milliseconds_per_1000_tokens"}
    more = growth["milliseconds_per_1000_tokens"] * 16 / 1000
    assert growth["milliseconds"] + more > 0


def test_ratios_are_for_people(private_home: Path) -> None:
    result = call("bench", "-m", "builtin", "--backend", "mlx", *QUICK)
    assert result.code == 0, result.err
    assert "mlx, float32 on CPU" in result.out and "1.00x" in result.out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("-m", "none"), "none"),
        (("--dtype", "wide"), "wide"),
        (("--backend", "cpu", "--dtype", "bfloat16"), "--backend mlx"),
        (("-m", "builtin", "--prompt", "9999"), "a context of 1024 tokens"),
        (("-m", "builtin", "--shape", "152m"), "--shape"),
    ],
    ids=str,
)
def test_wrong_use_is_one_sentence(arguments: tuple[str, ...], word: str) -> None:
    wrong = call("bench", *arguments)
    assert wrong.code in (1, 2) and wrong.out == ""
    assert word in wrong.err and "Traceback" not in wrong.err


def test_a_damaged_model_is_not_measured(home: Path) -> None:
    (home / "models" / "builtin" / "config.json").write_text("{}")
    wrong = call("bench", "-m", str(home / "models" / "builtin"), *QUICK)
    assert wrong.code == 1 and "Traceback" not in wrong.err
    assert "config.json" in wrong.err
