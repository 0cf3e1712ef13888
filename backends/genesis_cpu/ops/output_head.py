"""The last norm and the product with the vocabulary."""

import numpy as np

from ..compiling import kernel
from .norms import rms_norm
from .products import multiply


@kernel
def output_head(matrices, small, products, dims, x, n, logits):
    """Logits [V] of one vector x [1, D]; n [1, D] is scratch."""
    d = dims.D
    gain = small[dims.final_norm : dims.final_norm + d]
    rms_norm(x, gain, dims.norm_eps, n)
    for i in range(d):
        n[0, i] *= np.float32(dims.output_scale)
    multiply(matrices, products, products.jobs.shape[0] - 1, n[0], logits)
