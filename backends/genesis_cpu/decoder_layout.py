"""Where each weight of a decoder lies in flat arrays."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..decoder import DecoderArgs
from ..decoder.names import (
    EMBEDDING,
    FINAL_NORM,
    HEAD,
    block,
    matrix_shapes,
    vector_shapes,
)
from .groups import Bits
from .matrix_layout import Place, lay_out

# Columns of the table of blocks: indices into `small`, -1 for what a block has not.
(
    NORM,
    FFN_NORM,
    IN_BIAS,
    OUT_BIAS,
    FFN_IN_BIAS,
    DOWN_BIAS,
    Q_NORM,
    K_NORM,
    TURNED,
    WINDOW,
    BLOCK_COLUMNS,
) = range(11)


class DecoderDimensions(NamedTuple):
    """Sizes and constants every kernel call of a model shares.

    Capitals are the project's alphabet. `embedding` is an index into `matrices`,
    `embedding_factor` into the factors of codes, `final_norm` into `small`.
    """

    D: int
    F: int
    V: int
    H: int
    Hk: int
    Dh: int
    embedding: int
    embedding_factor: int
    final_norm: int
    norm_eps: float
    output_scale: float


@dataclass(frozen=True)
class DecoderLayout:
    """Index of every weight.

    `matrices` are in the order a token passes them: the embedding, four products of
    each block, and the head if it is a matrix of its own. Modules that read the same
    input are one matrix; `modules` has for each matrix whose rows follow each other.
    `vectors` has first index and length in `small`.
    """

    matrices: tuple[Place, ...]
    modules: tuple[tuple[str, ...], ...]
    matrices_size: int
    factors_size: int
    vectors: dict[str, tuple[int, int]]
    small_size: int

    @classmethod
    def of(cls, args: DecoderArgs, bits: Bits | None) -> Self:
        """The layout of a model's weights; `bits` of a code, None for float32."""
        shapes = matrix_shapes(args)
        modules: list[tuple[str, ...]] = [(EMBEDDING,)]
        for index in range(args.num_hidden_layers):
            attention, mlp = f"{block(index)}.self_attn", f"{block(index)}.mlp"
            modules += [
                tuple(f"{attention}.{name}_proj" for name in "qkv"),
                (f"{attention}.o_proj",),
                (f"{mlp}.gate_proj", f"{mlp}.up_proj"),
                (f"{mlp}.down_proj",),
            ]
        if HEAD in shapes:
            modules.append((HEAD,))
        places, size, factors = lay_out(
            (
                (sum(shapes[name][0] for name in names), shapes[names[0]][1])
                for names in modules
            ),
            bits,
        )
        vectors, small = {}, 0
        for name, (length, *_) in vector_shapes(args).items():
            vectors[name] = (small, length)
            small += length
        return cls(tuple(places), tuple(modules), size, factors, vectors, small)

    @property
    def products(self) -> tuple[Place, ...]:
        """The products of a token in their order, the head last."""
        tied = self.modules[-1] != (HEAD,)
        return (*self.matrices[1:], *(self.matrices[:1] if tied else ()))


def block_table(args: DecoderArgs, layout: DecoderLayout) -> NDArray[np.int64]:
    """One row per block [blocks, 10]; columns are named above.

    The biases and gains of modules that are one matrix follow each other in `small`.
    """
    table = np.full((args.num_hidden_layers, BLOCK_COLUMNS), -1, np.int64)
    for index, row in enumerate(table):
        for column, name in (
            (NORM, "input_layernorm.weight"),
            (FFN_NORM, "post_attention_layernorm.weight"),
            (IN_BIAS, "self_attn.q_proj.bias"),
            (OUT_BIAS, "self_attn.o_proj.bias"),
            (FFN_IN_BIAS, "mlp.gate_proj.bias"),
            (DOWN_BIAS, "mlp.down_proj.bias"),
            (Q_NORM, "self_attn.q_norm.weight"),
            (K_NORM, "self_attn.k_norm.weight"),
        ):
            row[column] = layout.vectors.get(f"{block(index)}.{name}", (-1, 0))[0]
        row[TURNED], row[WINDOW] = args.turned[index], args.windows[index]
    return table


def dimensions(args: DecoderArgs, layout: DecoderLayout) -> DecoderDimensions:
    """The sizes and constants of a model."""
    return DecoderDimensions(
        D=args.hidden_size,
        F=args.intermediate_size,
        V=args.vocab_size,
        H=args.num_attention_heads,
        Hk=args.num_key_value_heads,
        Dh=args.head_dim,
        embedding=layout.matrices[0].start,
        embedding_factor=layout.matrices[0].factor,
        final_norm=layout.vectors[f"{FINAL_NORM}.weight"][0],
        norm_eps=args.rms_norm_eps,
        output_scale=1.0,
    )
