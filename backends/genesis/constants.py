"""Numbers of Genesis that no configuration holds, as the reference has them."""

from ..sampling_settings import SamplingDefaults

# Added to the mean square: in the norms of gated linear attention's heads, of the
# forgetting attention's, and in the layer norm before test-time training.
GLA_NORM_EPS = 1e-5
FOX_NORM_EPS = 1e-6
LAYER_NORM_EPS = 1e-5
# Added to the length of a query or key that is made one long.
L2_EPS = 1e-6
ROTARY_BASE = 10_000.0
# W of the forgetting attention's short convolution.
FOX_CONV_SIZE = 4
# W0 is taken for its diagonal when nothing beside that is as large as this.
DIAGONAL_BOUND = 1e-6
# Numbers that share a scale in a quantised matrix.
QUANTIZATION_GROUP = 32
# As its command line draws.
SAMPLING = SamplingDefaults(repetition_penalty=1.05)
