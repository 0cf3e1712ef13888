"""`bench` measures what it says it measures; what comes out is never judged here."""

import json
from pathlib import Path

from terminal import run

QUICK = ("--prompt", "16", "--decode", "2", "--repeat", "1")


def test_every_figure_is_there_for_every_backend(
    private_home: Path, compiled: None
) -> None:
    result = run("bench", "-m", "builtin", *QUICK, "--json")
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
    assert found[2]["weight_bytes"] < found[1]["weight_bytes"] / 2


def test_ratios_are_for_people(private_home: Path) -> None:
    result = run("bench", "-m", "builtin", "--backend", "mlx", *QUICK)
    assert result.code == 0, result.err
    assert "mlx, float32 on CPU" in result.out and "1.00x" in result.out


def test_wrong_use_is_one_sentence(private_home: Path, compiled: None) -> None:
    assert run("bench", "-m", "none", *QUICK).code in (1, 2)
    wrong = run("bench", "-m", "builtin", "--backend", "cpu", "--dtype", "wide", *QUICK)
    assert wrong.code in (1, 2) and "wide" in wrong.err and "Traceback" not in wrong.err
