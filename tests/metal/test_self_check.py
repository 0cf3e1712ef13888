"""Kernels are tried on the user's machine, and replaced visibly when they fail."""

import io
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import mlx.core as mx
import pytest
from emulation import emulator_only, needs_kernels, running
from slow import slow

import genesis_chat
from backends.genesis_mlx import (
    BackendError,
    ConfigError,
    KernelWarning,
    ModelArgs,
    check_kernels,
    load,
)
from backends.genesis_mlx.self_check import timing
from backends.mlx_base.kernels import (
    KERNELS,
    VARIABLE,
    Kernel,
    chosen,
    replaced,
)
from genesis_chat.cli.main import run
from genesis_chat.doctor import examine

pytestmark = needs_kernels


@pytest.fixture(autouse=True)
def brief_timings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured here says nothing."""
    monkeypatch.setattr(timing, "CALLS", 1)
    monkeypatch.setattr(timing, "PROMPT", 2)
    monkeypatch.setattr(timing, "MANY", (512, 576))


@pytest.fixture(params=["FoX adds nothing", slow("GLA does not compile")])
def broken(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a kernel that is broken while the test runs."""
    name, old, new = {
        "FoX adds nothing": ("fox_decode", "+= weight * value", "+= 0.0f * value"),
        "GLA does not compile": ("gla_decode", "float read =", "float reads ="),
    }[request.param]
    right = type(KERNELS[name]).source.fget  # type: ignore[attr-defined]

    def source(self: Kernel) -> str:
        text: str = right(self)
        return text.replace(old, new) if self.name == name else text

    KERNELS[name]._built = None
    with mock.patch.object(Kernel, "source", property(source)):
        yield name
    KERNELS[name]._built = None


@pytest.mark.parametrize("dtype", [slow(mx.float32), mx.bfloat16])
def test_every_kernel_agrees_in_the_released_shapes(dtype: mx.Dtype) -> None:
    with running():
        checks = list(check_kernels(ModelArgs.released(), dtype))
    assert {each.kernel.partition(" ")[0] for each in checks} == KERNELS.keys()
    assert [each.problem for each in checks if each.problem] == []


@emulator_only
def test_a_failing_kernel_is_reported_and_replaced(broken: str, builtin: Path) -> None:
    with running():
        assert broken in chosen()
        with pytest.warns(KernelWarning, match=broken):
            model = load(builtin, dtype="float32")
        assert chosen() == KERNELS.keys() - {broken}
        assert broken in replaced()
        mx.eval(model(mx.array([[5]]), model.make_cache()))


@emulator_only
def test_the_application_says_so_once_and_replies(
    broken: str,
    builtin: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    command = ["ask", "-n", "-m", str(builtin), "--backend", "mlx", "Hello"]
    with running():
        assert run([*command, "--max-tokens", "2"]) == 0
    shown = capsys.readouterr()
    assert shown.out.strip() and broken not in shown.out
    assert shown.err.count(f"The Metal kernel {broken} fails here") == 1
    assert "Warning" not in shown.err
    # Whoever loads it next is told again.
    with running(), pytest.warns(UserWarning, match=broken):
        genesis = genesis_chat.load(builtin, backend="mlx")
    assert len(genesis.model.warnings) == 1


@emulator_only
def test_forced_kernels_are_not_replaced(
    broken: str, builtin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "metal")
    with running(), pytest.raises(BackendError, match=broken):
        load(builtin, dtype="float32")
    assert not replaced()


@emulator_only
def test_doctor_names_the_kernel_that_fails(broken: str) -> None:
    with running():
        findings = [f for f in examine() if f.section == "kernels"]
    failing = {f.name.partition(" ")[0] for f in findings if f.problem}
    # What takes part in it fails with it.
    assert failing == {broken} | ({"fox_join"} if broken == "fox_decode" else set())
    assert {f.name.partition(" ")[0] for f in findings} == {"chosen", *KERNELS}


def test_operations_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "ops")
    with running():
        assert not chosen()


@pytest.mark.parametrize("value", ["fast", pytest.param("metal", marks=emulator_only)])
def test_a_wrong_choice_is_an_error(
    value: str, builtin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(ConfigError, match=VARIABLE):
        load(builtin)
    assert any(VARIABLE in f.problem for f in examine() if f.section == "kernels")
