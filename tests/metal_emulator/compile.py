"""Builds the runtime and the kernels with clang, and caches the results."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import CompileError, LintError, ToolchainError, UnsupportedError
from .instrument import KERNEL_FILE, instrument
from .lint import lint
from .source import GeneratedSource
from .translate import blank_comments, translate

_HERE = Path(__file__).parent
_SHIM = _HERE / "shim"
_MLX_HEADERS = Path("mlx/backend/metal/kernels")

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

_OLDEST_CLANG = 17  # the first with bfloat arithmetic on x86-64
_NEWEST_CLANG = 24  # only bounds the search for versioned names
_ZIG_FLAGS = ("-target", "x86_64-linux-gnu", "-fno-sanitize=all")
_MOST_PRIVATE_BYTES = 192 * 1024  # kStackBytes of runtime.cpp, less some room
_MACHINE_FLAGS = ("-fPIC", "-mf16c", "-mfma")

#: Attributes MLX declares for a kernel if its `source` contains their names.
_MLX_ATTRIBUTES = re.compile(
    r"'((?:dispatch_)?(?:thread|threads|threadgroup|threadgroups|simdgroup|simdgroups|"
    r"quadgroup|quadgroups|grid)_\w+)'"
)


def cache_directory() -> Path:
    """Where generated files go.

    ``$METAL_EMULATOR_CACHE``, else the user's cache directory as platformdirs
    gives it, else a private directory below the temporary one.
    """
    if chosen := os.environ.get("METAL_EMULATOR_CACHE"):
        path = Path(chosen)
    else:
        try:
            from platformdirs import user_cache_path
        except ImportError:
            path = Path(tempfile.gettempdir()) / f"metal-emulator-{os.getuid()}"
        else:
            path = user_cache_path("metal-emulator")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        # Libraries are loaded from here.
        raise ToolchainError(f"the cache directory {path} belongs to another user")
    return path


def mlx_include_directory() -> Path:
    """The include folder of the installed MLX wheel."""
    spec = importlib.util.find_spec("mlx")
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location) / "include"
        if (folder / _MLX_HEADERS / "utils.h").exists():
            return folder
    raise ToolchainError("the installed mlx has no include folder with Metal headers")


def _digest(parts: Iterable[str]) -> str:
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part.encode() + b"\0")
    return hasher.hexdigest()[:24]


@functools.cache
def _tool_digest() -> str:
    """Changes when the emulator's files or MLX's headers may have changed."""
    files = sorted(p for p in _HERE.rglob("*") if p.suffix != ".pyc" and p.is_file())
    return _digest([importlib.metadata.version("mlx"), *(p.read_text() for p in files)])


def _write_atomically(path: Path, text: str) -> None:
    """Other processes see the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).replace(path)


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


def _version_line(command: tuple[str, ...]) -> str | None:
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
        if _is_zig(command):
            command += _ZIG_FLAGS
        version = _version_line(command)
        if version is None:
            raise ToolchainError(f"METAL_EMULATOR_CXX={chosen!r} does not run")
        return Compiler(command, version)
    versioned = (f"clang++-{n}" for n in range(_NEWEST_CLANG, _OLDEST_CLANG - 1, -1))
    for name in ("clang++", *versioned):
        path = shutil.which(name)
        version = _version_line((path,)) if path else None
        number = re.search(r"\bclang version (\d+)", version or "")
        # Apple's clang numbers differently, and builds for another platform.
        if not path or not version or not number or "Apple" in version:
            continue
        if int(number[1]) >= _OLDEST_CLANG:
            return Compiler((path,), version)
    if zig := _zig():
        command = (zig, "cc", *_ZIG_FLAGS)
        if version := _version_line(command):
            return Compiler(command, version)
    raise ToolchainError(
        "no compiler: install clang >= 17 or the PyPI package ziglang, "
        "or set METAL_EMULATOR_CXX"
    )


def _is_zig(command: tuple[str, ...]) -> bool:
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
    key = _digest([_tool_digest(), *compiler.command, compiler.version])
    target = cache_directory() / f"runtime-{key}.so"
    if not target.exists():
        # zig would first build its own C++ library, which takes a minute.
        host = shutil.which("g++") if _is_zig(compiler.command) else None
        if host:
            compiler = Compiler((host,), _version_line((host,)) or host)
        flags = ["-std=c++17", "-O2"]
        if _is_zig(compiler.command):
            flags.append("-lc++")
        _build_shared(compiler, [*flags, str(_HERE / "runtime.cpp")], target)
    return target


def _include_directory() -> Path:
    """Headers for the kernels: the shim, and MLX's own after translation."""
    target = cache_directory() / f"include-{_tool_digest()}"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        root = Path(folder) / "include"
        wheel = mlx_include_directory()
        for header in (wheel / _MLX_HEADERS).rglob("*.h"):
            _write_atomically(
                root / header.relative_to(wheel), translate(header.read_text())
            )
        for name in _METAL_HEADERS:
            _write_atomically(root / name, "#include <metal_stdlib>\n")
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
    key = _digest(
        [
            *(_tool_digest(), *compiler.command, compiler.version),
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
            f'#include "{_MLX_HEADERS}/utils.h"\n'
            f"{_KERNEL_BEGINS}{translate(generated.text)}\n"
            f"{_ENTRY_BEGINS}{entry}\n"
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
        conversions = _bfloat_conversions(compiler, flags, generated)
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
    _write_atomically(private, str(checked.private_array_bytes))
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


def _bfloat_conversions(
    compiler: Compiler, flags: list[str], generated: GeneratedSource
) -> list[str]:
    """Implicit conversions to bfloat, which Metal forbids and clang allows.

    They are read off clang's dump of the syntax tree, of the kernel and of each
    function defined next to it.
    """
    if "bfloat" not in generated.text:
        return []
    found: dict[int, str] = {}
    for dump in _dumps(compiler, flags, generated):
        for line, problem in _bfloat_conversions_in_dump(dump):
            found[line] = f"{generated.describe_line(line)}: error: {problem}"
    return [found[line] for line in sorted(found)]


def _dumps(
    compiler: Compiler, flags: list[str], generated: GeneratedSource
) -> Iterator[str]:
    """Syntax trees of all functions in the kernel's source.

    In one namespace they come at once; function by function if they cannot be in one.
    """
    *options, unit = flags
    inside = Path(unit).with_name("inside.cpp")
    text = Path(unit).read_text()
    # The entry makes the kernel's template a function.
    for line, put in (
        (_KERNEL_BEGINS, f"namespace {_NAMESPACE} {{\n"),
        (_ENTRY_BEGINS, f"}}\nusing namespace {_NAMESPACE};\n"),
    ):
        text = text.replace(line, put + line, 1)
    inside.write_text(text)
    dump = ("-fsyntax-only", "-w", "-Xclang", "-ast-dump", "-Xclang")
    whole = compiler.run(
        [*options, str(inside), *dump, f"-ast-dump-filter={_NAMESPACE}"]
    )
    errors = re.findall(r"error: .*", whole.stderr)
    # zig misses the object file, which was not asked for.
    if all("failed to rename" in error for error in errors):
        yield whole.stdout
        return
    code = blank_comments(generated.text)
    functions = set(
        re.findall(
            r"\b([A-Za-z_]\w*)\s*\([^;{}()]*(?:\([^()]*\)[^;{}()]*)*\)\s*(?:const\s*)?\{",
            code,
        )
    ) - {"if", "for", "while", "switch"}
    for function in sorted(functions):
        yield compiler.run([*flags, *dump, f"-ast-dump-filter={function}"]).stdout


_NAMESPACE = "kernel_source"
_KERNEL_BEGINS, _ENTRY_BEGINS = f'#line 1 "{KERNEL_FILE}"\n', '#line 1 "entry"\n'
_BFLOAT = r"'(?:[^']*':')?(?:device |const |thread )*__bf16'"
_IMPLICIT_CAST = re.compile(
    rf"ImplicitCastExpr .*{_BFLOAT}.*<(?:FloatingCast|IntegralToFloating)>"
)


def _bfloat_conversions_in_dump(dump: str) -> Iterable[tuple[int, str]]:
    current = 0  # the dump names a line only where it changes
    for node in dump.split("\n"):
        line = current
        locations = re.search(r"0x[0-9a-f]+ <([^>]*)>( \S+)?", node)
        if locations:
            begin, _, rest = f"{locations[1]},{locations[2] or ''}".partition(",")
            for position, text in enumerate((begin, rest)):
                for match in re.finditer(r"[\w.]+:(\d+):\d+", text):
                    current = int(match[1])
                if position == 0:
                    line = current
        if _IMPLICIT_CAST.search(node) and "part_of_explicit_cast" not in node:
            yield line, "implicit conversion to bfloat"
        elif (
            "CompoundAssignOperator" in node
            and re.search(_BFLOAT, node)
            and re.search(r"ComputeResultTy='(?:float|_Float16)", node)
        ):
            yield line, "compound assignment narrows to bfloat"
