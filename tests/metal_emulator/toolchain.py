"""Finds a clang that can compile the kernels."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .cached_files import cache_directory
from .errors import ToolchainError

MLX_HEADERS = Path("mlx/backend/metal/kernels")
_OLDEST_CLANG = 17  # the first with bfloat arithmetic on x86-64

_NEWEST_CLANG = 24  # only bounds the search for versioned names

_ZIG_FLAGS = ("-target", "x86_64-linux-gnu", "-fno-sanitize=all")


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler: the command line to start it with, and its version."""

    command: tuple[str, ...]
    version: str

    def run(self, arguments: Iterable[str]) -> subprocess.CompletedProcess[str]:
        """Runs the compiler; the caller looks at the return code."""
        environment = dict(os.environ)
        zig_cache = str(cache_directory() / "zig")
        environment.setdefault("ZIG_GLOBAL_CACHE_DIR", zig_cache)
        environment.setdefault("ZIG_LOCAL_CACHE_DIR", zig_cache)
        return subprocess.run(
            [*self.command, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )


def version_line(command: tuple[str, ...]) -> str | None:
    try:
        result = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return result.stdout.split("\n")[0] if result.returncode == 0 else None


def find_compiler() -> Compiler:
    """``$METAL_EMULATOR_CXX``, else clang++ >= 17 on PATH, else PyPI's ziglang."""
    return _find_compiler(os.environ.get("METAL_EMULATOR_CXX"))


@functools.cache
def _find_compiler(chosen: str | None) -> Compiler:
    if chosen:
        command = tuple(shlex.split(chosen))
        if is_zig(command):
            command += _ZIG_FLAGS
        version = version_line(command)
        if version is None:
            raise ToolchainError(f"METAL_EMULATOR_CXX={chosen!r} does not run")
        return Compiler(command, version)
    versioned = (f"clang++-{n}" for n in range(_NEWEST_CLANG, _OLDEST_CLANG - 1, -1))
    for name in ("clang++", *versioned):
        path = shutil.which(name)
        version = version_line((path,)) if path else None
        number = re.search(r"\bclang version (\d+)", version or "")
        # Apple's clang numbers differently, and builds for another platform.
        if not path or not version or not number or "Apple" in version:
            continue
        if int(number[1]) >= _OLDEST_CLANG:
            return Compiler((path,), version)
    if zig := _zig():
        command = (zig, "cc", *_ZIG_FLAGS)
        if version := version_line(command):
            return Compiler(command, version)
    raise ToolchainError(
        "no compiler: install clang >= 17 or the PyPI package ziglang, "
        "or set METAL_EMULATOR_CXX"
    )


def is_zig(command: tuple[str, ...]) -> bool:
    return any("zig" in part for part in command)


def _zig() -> str:
    """PyPI's program itself, without the Python that `-m ziglang` would start."""
    spec = importlib.util.find_spec("ziglang")
    for location in (spec and spec.submodule_search_locations) or ():
        if (program := Path(location) / "zig").exists():
            return str(program)
    return ""


def unavailable_reason() -> str | None:
    """Why the emulator cannot run here, or None if it can."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        return "the Metal emulator runs on Linux x86-64 only"
    try:
        find_compiler()
        mlx_include_directory()
        cache_directory()
    except (ToolchainError, OSError) as error:
        return str(error)
    return None


def mlx_include_directory() -> Path:
    """The include folder of the installed MLX wheel."""
    spec = importlib.util.find_spec("mlx")
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location) / "include"
        if (folder / MLX_HEADERS / "utils.h").exists():
            return folder
    raise ToolchainError("the installed mlx has no include folder with Metal headers")
