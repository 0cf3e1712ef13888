"""Genesis as one of mlx-lm's models, for mlx-lm's own tools.

mlx-lm looks a model up by its type, as the module `mlx_lm.models.TYPE`, and a cache by
its class's name in `mlx_lm.models.cache`; nothing has to be in the model's folder.
"""

import sys
from importlib import import_module
from types import ModuleType

import mlx.core as mx

from ...genesis.model_files import MODEL_TYPE
from ...mlx_base.device import on_metal
from . import model
from .batch import GenesisBatch
from .state import GenesisState

CACHES = "mlx_lm.models.cache"


def register(*, writing: bool = False) -> None:
    """Make mlx-lm, which is imported whole, know Genesis in this process.

    Without Metal models compute in float32, as MLX is far slower there in anything
    else, unless `writing` says that they are to be written as they are stored. Raises
    `ImportError` where mlx-lm is not installed.
    """
    caches = import_module(CACHES)
    if not on_metal():
        # Compiling calls the system's C++ compiler, which may not be there.
        mx.disable_compile()
    for kind in (GenesisState, GenesisBatch):
        setattr(caches, kind.__name__, kind)
    registered = ModuleType(f"mlx_lm.models.{MODEL_TYPE}", model.__doc__)

    class Model(model.Model):
        compute_dtype = None if writing or on_metal() else mx.float32

    vars(registered).update(Model=Model, ModelArgs=model.ModelArgs)
    sys.modules[registered.__name__] = registered
