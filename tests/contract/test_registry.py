"""Which backend a type of model finds, and the sentence when it finds none."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backends import registry
from backends.config_file import read_model_type
from backends.errors import BackendError, ChoiceError, ConfigError
from backends.registry import BACKENDS, ENTRIES, Entry, choose, describe

ABSENT = ("a_package_that_is_not_there", "Absent")
ELSEWHERE = Entry("mlx", frozenset({"other"}), ("float16",), (), "no", ABSENT)
SOLE = Entry("mlx", frozenset({"sole"}), ("float32", "float16"), (), "no")


@pytest.mark.parametrize("metal", [False, True])
@pytest.mark.parametrize(
    ("name", "dtype", "found", "why"),
    [
        ("auto", None, None, None),
        ("auto", "float32", None, None),
        ("auto", "int8", "cpu", "int8 runs on it only"),
        ("auto", "bfloat16", "mlx", "bfloat16 runs on it only"),
        ("cpu", None, "cpu", "asked for"),
        ("mlx", "float32", "mlx", "asked for"),
    ],
)
def test_name_dtype_and_device_decide(
    monkeypatch: pytest.MonkeyPatch,
    metal: bool,
    name: str,
    dtype: str | None,
    found: str | None,
    why: str | None,
) -> None:
    monkeypatch.setattr(registry, "has_metal", lambda: metal)
    choice = choose("genesis", name, dtype)
    assert choice.name == (found or ("mlx" if metal else "cpu"))
    assert choice.why == (why or ("Metal" if metal else "no Metal"))


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (("nosuch",), ConfigError, "'nosuch' cannot be run.* genesis,.*other,.*sole"),
        (("genesis", "gpu"), ChoiceError, "one of auto, mlx, cpu, not 'gpu'"),
        (("genesis", "mlx", "int8"), ChoiceError, "--backend cpu or another --dtype"),
        (("genesis", "cpu", "float16"), ChoiceError, "--backend mlx or another"),
        (("genesis", "auto", "int3"), ChoiceError, "float32, .*int8.*, not 'int3'"),
        (("sole", "cpu"), ChoiceError, "does not run .*'sole'; use --backend mlx"),
        (("other",), ChoiceError, "'other' needs Absent, which is not installed here"),
        (("other", "mlx"), ChoiceError, "^Absent is not installed here"),
    ],
    ids=str,
)
def test_none_is_one_sentence(
    arguments: Any, error: type[BackendError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence) as caught:
        partial(choose, entries=(*ENTRIES, ELSEWHERE, SOLE))(*arguments)
    text = str(caught.value)
    assert text.endswith(".") and ". " not in text and "\n" not in text


def test_a_family_with_one_backend_gets_it() -> None:
    assert choose("sole", entries=[SOLE]).why == "the type 'sole' runs on it only"


def test_entries_are_what_they_say() -> None:
    pairs = [(kind, each.name) for each in ENTRIES for kind in each.model_types]
    assert len(pairs) == len(set(pairs))
    for each in ENTRIES:
        assert each.name in BACKENDS[1:] and each.dtypes and each.is_installed
        facts = each.backend().device_facts()
        assert set(each.compared) <= set(each.dtypes)
        assert facts.dtype in each.dtypes and facts.library and facts.version


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "not valid JSON"),
        ("[1]", "does not describe a model"),
        ("{}", "has no model_type"),
        ('{"model_type": 3}', "has no model_type"),
        (None, "is missing"),
    ],
)
def test_the_type_comes_from_the_configuration(
    tmp_path: Path, text: str | None, sentence: str
) -> None:
    path = tmp_path / "config.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=sentence) as caught:
        read_model_type(tmp_path)
    assert str(path) in str(caught.value)
    path.write_text('{"model_type": "genesis"}', encoding="utf-8")
    assert read_model_type(tmp_path) == "genesis"


def test_a_model_is_described_by_its_family(directory: Path, tmp_path: Path) -> None:
    found = describe(directory)
    assert (found.context, found.flags["block_size"]) == (128, 128)
    assert found.layers["gla"] > found.layers["fox"] > 0 and found.layers["ttt"] == 1
    (tmp_path / "config.json").write_text('{"model_type": ""}', encoding="utf-8")
    with pytest.raises(ConfigError, match="it has no model_type"):
        describe(tmp_path)


def test_what_is_not_installed_says_so_when_it_is_examined() -> None:
    (finding,) = ELSEWHERE.findings()
    assert finding.value == "no, Absent is not installed" and not finding.problem
    assert list(SOLE.findings()) == []


def test_looking_imports_nothing_heavy() -> None:
    code = (
        "import sys; from backends.registry import choose; choose('genesis', 'cpu'); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert "backends" in done.stdout.split()
    assert not {"numpy", "mlx", "numba", "safetensors"} & set(done.stdout.split())
