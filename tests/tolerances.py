"""Every tolerance of the test suite, with its reason. All are absolute.

None may be raised to make a test pass: a larger error is a finding.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

# Logits against the reference in float32, whatever the split. Its own rounding,
# measured against a float64 run, is of this order on logits of magnitude 5.
LOGITS: Final = 1e-4

# The same with the selective mask on: rounding noise decides which of two nearly
# equal hidden values passes, and the loser is replaced by zero.
LOGITS_MASKED: Final = 1e-2

# One run of ours against another of ours: only the order of sums differs.
SPLIT: Final = 1e-4

# Logits after a state came back from disk: every bit of it is written, and only the
# order in which a long sum is added up may differ.
REOPENED: Final = 1e-5

# Operators against an oracle or their naive form: inputs of magnitude 1 to 4, sums
# over at most 1,000 tokens, exponentials good to 1e-6 on MLX's CPU.
OPERATOR: Final = 1e-5

# A sum of forget gates over thousands of tokens, against float64.
LONG_SUM: Final = 1e-4

# Losses and gradients of a batch against the same computed another way, as a share of
# the largest, and weights after a few steps: only the order of sums differs, over at
# most 1,000 tokens.
TRAINING: Final = 1e-4

# Probabilities after softmax, which MLX computes to about 1e-6.
PROBABILITY: Final = 1e-5

# e^x and what is made of it, relative where it is above 1: x / ln 2 is rounded to
# float32, for x of magnitude 16 that is 2^-24 of 23.
EXPONENTIAL: Final = 2e-6

# A float32 gradient along random directions, over its own length, against differences
# in float64: rounding of sums over 65 tokens. Measured at 2e-6.
GRADIENT: Final = 1e-5

# A whole model's slope along ways in which every tensor's share is of magnitude 1,
# against differences of float32 losses, whose rounding over the step is 5e-3. A tensor
# left out gives 1.
MODEL_GRADIENT: Final = 2e-2

# Gradients of the same model over the largest of a tensor, in float32 sums of other
# orders.
SAME_GRADIENT: Final = 1e-5

# A tensor's gradient against PyTorch's, over its length: both round in float32.
REFERENCE_GRADIENT: Final = 1e-3

# Losses of 100 steps beside the reference's: the figure; rounding grows with
# every step.
LOSS_CURVE: Final = 1e-3

# Root mean square error of logits over that of the logits themselves: eight and eleven
# bits of precision through four random blocks; with int8, weights in steps of a 127th
# of their group's range, with int4 a 15th. Measured at 0.012, 0.095, 0.11 and 0.43.
RELATIVE_RMS: Final = {"float16": 2e-2, "bfloat16": 0.15, "int8": 0.15, "int4": 0.6}

# The same ratio for int8 whose codes are those of the file, by the type of its scales:
# vectors have 15 bits, keys and values are float16, which was measured at 6.3e-4; of
# scales and biases in float16 or float32 bfloat16 keeps eight bits, 0.012.
KEPT_CODES: Final = {"bfloat16": 1e-3, "float16": 2e-2, "float32": 2e-2}

# Logits over their scale of the same weights in codes, whole, in parts and token by
# token. A product of a vector is the same bit for bit, alone or among others; but the
# other sums differ in their order, and where one falls on the other side of a step of
# 15 bits the product differs by it. Measured at 1.2e-3 over 30 blocks.
SPLIT_CODES: Final = 3e-3

# The same ratio for a kernel against its definition: float32 sums in another order,
# and in half precision the one rounding of the results.
KERNEL_RMS: Final = {"float32": 1e-5, "float16": 5e-3, "bfloat16": 5e-3}

# A matrix with its adapter, fused in float32, against float64: numbers near one, each
# the sum of a few products.
FUSED: Final = 2e-6

# Mean KL divergence (nats per token) of a quantised model from float32.
KL_8_BIT: Final = 1e-3
# The same of int8 for a trained model of the released size. Vectors in 8 bits, with a
# scale for 32, would take 0.0035 of it, in 15 bits they take less than 0.00001.
KL_SMOLLM2: Final = 2e-3
# Where 4 bits stood when first measured (0.045), rounded up: a broken scale or a
# wrong group gives several nats.
KL_4_BIT: Final = 0.1

# Logits over their scale from the same weights, bit for bit: float64 sums in another
# order.
GGUF_LOGITS: Final = 1e-10

# Logits of a real model in float32, of magnitude 30, between programs that add up
# sums of 576 to 1,536 products in other orders, through 30 blocks. Measured at 1.2e-4
# from float64 for MLX, 8e-5 for the CPU backend and 2e-5 for llama.cpp.
NEARLY_EQUAL_LOGITS: Final = 1e-3


def max_difference(actual: ArrayLike, expected: ArrayLike) -> float:
    """Largest absolute difference; infinite when a shape differs or a NaN is met."""
    a, b = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    return float(np.abs(a - b).max(initial=0.0))
