"""A Metal kernel: the source beside its launcher, built when it is first used."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import mlx.core as mx

Shape = tuple[int, ...]
# One threadgroup of every kernel: eight SIMD-groups, well below the limit of the
# least GPU, so that no register count can make a pipeline refuse it.
THREADS = 256

# Every kernel of the backend by name, filled as the operators are imported.
KERNELS: "dict[str, Kernel]" = {}


def as_array(number: int | mx.array) -> mx.array:
    """A number that changes from call to call, as an input: an int32 array [1]."""
    return number if isinstance(number, mx.array) else mx.array([number], mx.int32)


class Kernel:
    """One `.metal` file and the arguments MLX gives it.

    Args:
        name: what `chosen`, the self-check and Metal's tools call it.
        package: the operator's package, which holds `<file>`.
        file: the body of the kernel function; `common.metal` goes before it.
        inputs: names of the inputs in the source.
        outputs: names of the outputs in the source.
        contiguous: copy inputs that are not row-contiguous; else the source heeds
            their strides.
    """

    def __init__(
        self,
        name: str,
        package: str,
        file: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        *,
        contiguous: bool = True,
    ) -> None:
        self.name, self.inputs, self.outputs = name, tuple(inputs), tuple(outputs)
        self._package, self._file = package, file
        self._contiguous = contiguous
        self._built: tuple[Any, Callable[..., list[mx.array]]] | None = None
        KERNELS[name] = self

    @property
    def label(self) -> str:
        """What Metal's compiler calls the file in its messages."""
        return f"{self._package.rpartition('.')[2]}/{self._file}"

    @property
    def source(self) -> str:
        """The body of the kernel function."""
        return _numbered(self._package, self._file, self.label)

    @property
    def header(self) -> str:
        """Functions that every kernel shares."""
        return _numbered(__package__, "common.metal", "kernels/common.metal")

    def __call__(
        self,
        inputs: Sequence[mx.array | int | float],
        *,
        template: dict[str, Any],
        groups: tuple[int, int, int],
        outputs: Sequence[tuple[Shape, mx.Dtype]],
        threads: int = THREADS,
    ) -> list[mx.array]:
        """Queue one dispatch of `groups` threadgroups of `threads` threads each.

        `template` gives constants and types of the source, `outputs` a shape and a
        dtype for each output.
        """
        return self._kernel()(
            inputs=list(inputs),
            template=list(template.items()),
            grid=(groups[0] * threads, groups[1], groups[2]),
            threadgroup=(threads, 1, 1),
            output_shapes=[shape for shape, _ in outputs],
            output_dtypes=[dtype for _, dtype in outputs],
        )

    def _kernel(self) -> Callable[..., list[mx.array]]:
        build = mx.fast.metal_kernel
        # The tests put an emulator in the builder's place.
        if self._built is None or self._built[0] is not build:
            kernel: Any = build(
                name=f"genesis_{self.name}",
                input_names=self.inputs,
                output_names=self.outputs,
                source=self.source,
                header=self.header,
                ensure_row_contiguous=self._contiguous,
            )
            self._built = build, kernel
        return self._built[1]


def _numbered(package: str, file: str, label: str) -> str:
    """A file, whose lines the compiler counts by themselves."""
    text = files(package).joinpath(file).read_text(encoding="ascii")
    return f'#line 1 "{label}"\n{text}'
