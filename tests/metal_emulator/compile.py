"""Builds the runtime and the kernels with clang, and caches the results."""

from __future__ import annotations

import functools
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .cached_files import HERE, cache_directory, digest, tool_digest, write_atomically
from .dump import ENTRY_BEGINS, KERNEL_BEGINS, bfloat_conversions
from .errors import CompileError, LintError, ToolchainError, UnsupportedError
from .instrument import KERNEL_FILE, instrument
from .lint import lint
from .source import GeneratedSource
from .toolchain import (
    MLX_HEADERS,
    Compiler,
    find_compiler,
    is_zig,
    mlx_include_directory,
    version_line,
)
from .translate import translate

_SHIM = HERE / "shim"


#: Metal's headers; all of them are shim/metal_stdlib.
_METAL_HEADERS = (
    "metal_atomic",
    "metal_common",
    "metal_compute",
    "metal_geometric",
    "metal_integer",
    "metal_limits",
    "metal_math",
    "metal_relational",
    "metal_simdgroup",
    "metal_simdgroup_matrix",
    "metal_type_traits",
    "metal_types",
)

_MOST_PRIVATE_BYTES = 192 * 1024  # kStackBytes of runtime.cpp, less some room

_MACHINE_FLAGS = ("-fPIC", "-mf16c", "-mfma")

#: Attributes MLX declares for a kernel if its `source` contains their names.
_MLX_ATTRIBUTES = re.compile(
    r"'((?:dispatch_)?(?:thread|threads|threadgroup|threadgroups|simdgroup|simdgroups|"
    r"quadgroup|quadgroups|grid)_\w+)'"
)


def _build_shared(compiler: Compiler, arguments: list[str], target: Path) -> None:
    """Compiles to a temporary file, then renames: other processes may race us."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        output = Path(folder) / "out.so"
        result = compiler.run(
            [*_MACHINE_FLAGS, "-shared", *arguments, "-o", str(output)]
        )
        if result.returncode:
            raise ToolchainError(f"{compiler.version} failed:\n{result.stderr[:4000]}")
        output.replace(target)


def build_runtime() -> Path:
    """The shared library of runtime.cpp."""
    compiler = find_compiler()
    key = digest([tool_digest(), *compiler.command, compiler.version])
    target = cache_directory() / f"runtime-{key}.so"
    if not target.exists():
        # zig would first build its own C++ library, which takes a minute.
        host = shutil.which("g++") if is_zig(compiler.command) else None
        if host:
            compiler = Compiler((host,), version_line((host,)) or host)
        flags = ["-std=c++17", "-O2"]
        if is_zig(compiler.command):
            flags.append("-lc++")
        _build_shared(compiler, [*flags, str(HERE / "runtime.cpp")], target)
    return target


def _include_directory() -> Path:
    """Headers for the kernels: the shim, and MLX's own after translation."""
    target = cache_directory() / f"include-{tool_digest()}"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        root = Path(folder) / "include"
        wheel = mlx_include_directory()
        for header in (wheel / MLX_HEADERS).rglob("*.h"):
            write_atomically(
                root / header.relative_to(wheel), translate(header.read_text())
            )
        for name in _METAL_HEADERS:
            write_atomically(root / name, "#include <metal_stdlib>\n")
        shutil.copytree(_SHIM, root, dirs_exist_ok=True)
        try:
            root.replace(target)
        except OSError:
            if not target.exists():
                raise
    return target


@dataclass(frozen=True)
class CompiledKernel:
    """A shared library with the functions msl_entry and msl_register_tables."""

    library: Path
    private_array_bytes: int
    compile_seconds: float  # 0.0 if it came from the cache


# A model launches the same few kernels thousands of times.
_findings = functools.lru_cache(maxsize=500)(lint)


def compile_kernel(
    generated: GeneratedSource,
    entry: str,
    *,
    check_lint: bool = True,
    fp_contract: str = "on",
    hint: str = "",
) -> CompiledKernel:
    """Lints, compiles and instruments a kernel.

    `entry` is C++ that defines ``extern "C" void msl_entry(void** buffers, const
    __msl_ctx* context)``; `hint` is appended to compile errors about address spaces.
    """
    if check_lint:
        findings = _findings(generated.text)
        if findings:
            raise LintError(
                "\n".join(
                    f"{generated.describe_line(f.line)}: {f.message}" for f in findings
                )
            )
    compiler = find_compiler()
    key = digest(
        [
            *(tool_digest(), *compiler.command, compiler.version),
            *(fp_contract, generated.text, entry),
        ]
    )
    library = cache_directory() / f"kernel-{key}.so"
    private = cache_directory() / f"kernel-{key}.private"
    if library.exists() and private.exists():
        return CompiledKernel(library, int(private.read_text()), 0.0)

    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=cache_directory()) as folder:
        unit, ir = Path(folder) / "kernel.cpp", Path(folder) / "kernel.ll"
        unit.write_text(
            f'#include "{MLX_HEADERS}/utils.h"\n'
            f"{KERNEL_BEGINS}{translate(generated.text)}\n"
            f"{ENTRY_BEGINS}{entry}\n"
        )
        flags = [
            # Metal 3 is based on C++14, its compiler takes newer syntax as well.
            *("-std=c++14", "-O2", "-g1", *_MACHINE_FLAGS),
            *("-ffreestanding", "-nostdinc", "-nostdinc++"),
            *("-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"),
            *("-fno-strict-aliasing", "-fno-math-errno"),
            # A vectorised loop would count as fewer, wider accesses.
            *("-fno-vectorize", "-fno-slp-vectorize"),
            f"-ffp-contract={fp_contract}",
            "-fexcess-precision=16",  # half arithmetic rounds at every step
            *("-Wno-unknown-attributes", "-Wno-unused", "-Wno-c++17-extensions"),
            *("-Wno-c++20-extensions", "-Wno-pragma-once-outside-header"),
            *("-Werror=vla", "-Werror=return-type", "-Werror=uninitialized"),
            *("-ferror-limit=10", "-fno-caret-diagnostics", "-fno-color-diagnostics"),
            f"-I{_include_directory()}",
            str(unit),
        ]
        result = compiler.run(["-S", "-emit-llvm", *flags, "-o", str(ir)])
        if result.returncode:
            message = _readable_diagnostics(result.stderr, generated)
            if re.search(
                "no matching function|cannot initialize|address space", message
            ):
                message += hint
            raise CompileError(message)
        conversions = bfloat_conversions(compiler, flags, generated)
        if conversions:
            raise CompileError("\n".join(conversions))
        checked = instrument(ir.read_text())
        if checked.private_array_bytes > _MOST_PRIVATE_BYTES:
            raise UnsupportedError(
                f"the arrays of a thread take {checked.private_array_bytes} bytes, "
                f"more than the {_MOST_PRIVATE_BYTES} the emulator has room for"
            )
        ir.write_text(checked.ir)
        # The IR is optimised; passes that ran now could trust attributes which
        # the inserted calls have made untrue.
        codegen = ["-O1", "-Xclang", "-disable-llvm-passes", "-Wno-override-module"]
        # Their symbols are those of this process: its mathematics, the runtime.
        _build_shared(compiler, [*codegen, "-nostdlib", str(ir)], library)
    write_atomically(private, str(checked.private_array_bytes))
    seconds = time.perf_counter() - start
    return CompiledKernel(library, checked.private_array_bytes, seconds)


def _readable_diagnostics(stderr: str, generated: GeneratedSource) -> str:
    """clang's messages, with lines of the kernel source named as such."""
    messages = []
    for line in stderr.split("\n"):
        match = re.match(rf"{KERNEL_FILE}:(\d+):\d+: (error|note): (.*)", line)
        if match:
            place = generated.describe_line(int(match[1]))
            messages.append(f"{place}: {match[2]}: {match[3]}")
        elif re.search(r": (?:fatal )?error: ", line):
            messages.append(line)
        undeclared = re.search(
            r"undeclared identifier " + _MLX_ATTRIBUTES.pattern, line
        )
        if undeclared:
            messages.append(
                f"hint: MLX declares {undeclared[1]} only if `source` contains that "
                "name; `header` is not searched"
            )
    return "\n".join(messages) or stderr[:4000]
