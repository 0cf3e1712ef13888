"""What makers state of sampling in their own file is how their model draws."""

import json
from pathlib import Path
from typing import Any

import pytest

from backends.errors import ConfigError
from backends.generation_config import FILE, read_sampling
from backends.sampling_settings import USUAL_SAMPLING, SamplingDefaults


def stated(folder: Path, **content: Any) -> SamplingDefaults:
    (folder / FILE).write_text(json.dumps(content))
    found, warnings = read_sampling(folder)
    assert warnings == ()
    return found


def test_who_states_nothing_gets_the_usual_and_no_penalty(tmp_path: Path) -> None:
    assert read_sampling(tmp_path) == (USUAL_SAMPLING, ())
    assert stated(tmp_path, eos_token_id=2, temperature=None) == USUAL_SAMPLING
    usual = USUAL_SAMPLING
    assert (usual.temperature, usual.repetition_penalty) == (0.7, 1.0)


def test_what_is_stated_holds(tmp_path: Path) -> None:
    everything: dict[str, Any] = {
        "temperature": 0.6,
        "top_k": 20,
        "top_p": 0.95,
        "min_p": 0.05,
        "repetition_penalty": 1.1,
    }
    assert stated(tmp_path, **everything) == SamplingDefaults(**everything)
    assert stated(tmp_path, top_k=20.0).top_k == 20
    assert stated(tmp_path, top_k=-1).top_k == 0
    some = stated(tmp_path, temperature=1, top_p=0.8)
    assert (some.temperature, some.top_p, some.repetition_penalty) == (1.0, 0.8, 1.0)


def test_sampling_or_not_may_be_stated(tmp_path: Path) -> None:
    assert stated(tmp_path, do_sample=False, temperature=0.6).temperature == 0
    # Files are written without what the format has by default.
    sampled = stated(tmp_path, do_sample=True, top_k=64, top_p=0.95)
    assert (sampled.temperature, sampled.top_k, sampled.top_p) == (1.0, 64, 0.95)
    assert stated(tmp_path, do_sample=True).top_p == 1.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -1),
        ("temperature", "hot"),
        ("temperature", True),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_k", 2.5),
        ("top_k", -2),
        ("top_p", 1.5),
        ("min_p", [0.1]),
        ("repetition_penalty", 0),
    ],
)
def test_what_cannot_be_followed_is_said(
    name: str, value: object, tmp_path: Path
) -> None:
    path = tmp_path / FILE
    path.write_text(json.dumps({name: value, "min_p" if name != "min_p" else "x": 0.5}))
    found, (warning,) = read_sampling(tmp_path)
    assert getattr(found, name) == getattr(USUAL_SAMPLING, name)
    assert str(path) in warning and name in warning
    assert name == "min_p" or found.min_p == 0.5


@pytest.mark.parametrize("content", [b"{", b"[]", b"\0", b"3", b"[" * 100_000])
def test_a_damaged_file_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ConfigError, match=FILE):
        read_sampling(tmp_path)
