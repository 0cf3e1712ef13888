"""Tokens of mlx-lm's families drawn by the kernel, on the emulator."""

from pathlib import Path
from typing import Any
from unittest import mock

import pytest

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")

import families
from emulation import emulator_only, needs_kernels, running

from backends.contract import LanguageModel
from backends.errors import BackendError
from backends.generation import generate
from backends.mlx_base.kernels import KERNELS, VARIABLE, Kernel, replaced
from backends.mlx_family.backend import backend
from backends.sampling_settings import SamplingSettings

pytestmark = [needs_kernels, emulator_only]
# One that is not sorted at once.
VOCABULARY = 2100
PROMPT = [3, 1, 4, 1, 5, 9]
COUNT = 4


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small Llama."""
    own = {**families.FAMILIES["llama"], "vocab_size": VOCABULARY}
    with mock.patch.dict(families.FAMILIES, llama=own):
        return families.write_model(tmp_path_factory.mktemp("llama") / "llama", "llama")


@pytest.fixture(scope="module")
def model(llama: Path) -> LanguageModel:
    return backend.load(llama)


def reply(model: LanguageModel, **options: Any) -> list[int]:
    settings = SamplingSettings(seed=3, **options)
    return [e.id for e in generate(model, PROMPT, settings=settings, max_tokens=COUNT)]


@pytest.mark.parametrize(
    ("options", "each"),
    [
        ({"top_k": 0}, 1),
        ({"top_k": 0, "temperature": 1.7, "top_p": 0.99, "min_p": 1e-4}, 1),
        ({"top_k": 1500, "top_p": 0.95, "presence_penalty": 1}, 2),
        ({"top_k": 1500, "top_p": 1}, 1),
        ({"top_k": 40}, 0),
    ],
)
def test_the_same_tokens_as_by_sorting(
    options: dict[str, Any], each: int, model: LanguageModel
) -> None:
    sorting = reply(model, **options)
    assert len(set(sorting)) > 1
    with running() as reports:
        assert reply(model, **options) == sorting
    drawn = [report for report in reports if report.kernel == "genesis_nucleus"]
    assert len(drawn) == len(reports) == COUNT * each
    assert not [warning for report in reports for warning in report.warnings]


@pytest.fixture
def broken() -> Any:
    """The kernel loses the sign of what it finds."""
    right: Any = Kernel.source
    wrong = property(lambda self: right.fget(self).replace("found >> 31 ?", "true ?"))
    KERNELS["nucleus"]._built = None
    with mock.patch.object(Kernel, "source", wrong):
        yield
    KERNELS["nucleus"]._built = None


@pytest.mark.usefixtures("broken")
def test_one_that_fails_is_replaced_as_a_model_is_loaded(
    llama: Path, model: LanguageModel
) -> None:
    said: list[str] = []
    with running():
        loaded = backend.load(llama, dtype="float32", report=said.append)
        assert list(replaced()) == ["nucleus"] and len(said) == 1
        assert "The Metal kernel nucleus fails here and MLX operations" in said[0]
    with running() as reports:
        assert reply(loaded, top_k=0) == reply(model, top_k=0)
        assert reports == []


@pytest.mark.usefixtures("broken", "model")
def test_one_that_is_forced_is_not_replaced(
    llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "metal")
    with running(), pytest.raises(BackendError, match="nucleus"):
        backend.load(llama, dtype="float32")
    assert not replaced()
