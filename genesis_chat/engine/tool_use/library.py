"""mlx-lm's parsers of tool calls, without mlx-lm itself.

They need nothing of it, while it needs MLX and takes seconds to import: their files
are loaded as modules of a package that has nothing else.
"""

import importlib
import sys
from collections.abc import Callable
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any

# Such a parser is given a call's text and all tools.
Parser = Callable[[str, list[Any]], Any]
PACKAGE = "_mlx_lm_tool_parsers"


@cache
def parser(name: str) -> Parser | None:
    """The parser that mlx-lm has under this name; None where there is none."""
    spec = find_spec("mlx_lm")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "tool_parsers"
    if not (folder / f"{name}.py").is_file():
        return None
    if PACKAGE not in sys.modules:
        package = ModuleSpec(PACKAGE, None, is_package=True)
        package.submodule_search_locations = [str(folder)]
        sys.modules[PACKAGE] = module_from_spec(package)
    try:
        module = importlib.import_module(f"{PACKAGE}.{name}")
    except ImportError:
        # It needs the package regex, which comes with transformers.
        return None
    found: Parser = module.parse_tool_call
    return found
