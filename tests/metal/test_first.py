"""What is tried on a Mac before anything else."""

from importlib.metadata import version

import mlx.core as mx
import pytest
from emulation import emulator_only, needs_kernels, running
from metal import first

from backends.genesis_mlx import KernelCheck

pytestmark = [needs_kernels, emulator_only]


def test_facts_are_printed_and_nothing_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert first.main() == 0
    shown = capsys.readouterr().out
    assert version("mlx") in shown
    assert all(name in shown for name in mx.device_info())


def test_a_line_for_each_kernel_that_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def checks(_: object, dtype: mx.Dtype) -> list[KernelCheck]:
        bad = "it is off" if dtype == mx.float16 else ""
        return [KernelCheck("fox_join", "", 0, bad), KernelCheck("ttt_scan", "", 0)]

    monkeypatch.setattr(first, "check_kernels", checks)
    with running():
        assert first.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "  fox_join in float16: it is off"
    assert lines[-2] == "These kernels fail here, and nothing else is tried:"
