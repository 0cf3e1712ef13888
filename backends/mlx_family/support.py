"""What is known of mlx-lm's families without loading a model of them."""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..contract import Features
from .cache_kinds import KNOWN, TRIMMABLE
from .types import model_file

# Types whose small configurations passed the tests here: opened, generating, with
# states that are copied, kept on disk and taken up again exactly.
SUPPORTED = frozenset({
    "afm7", "afmoe", "apertus", "baichuan_m1", "bailing_hybrid", "bailing_moe",
    "bailing_moe_linear", "deepseek_v32", "dots1", "ernie4_5", "ernie4_5_moe",
    "exaone4", "exaone_moe", "gemma2", "gemma3_text", "gemma3n", "gemma4", "glm",
    "glm4", "glm4_moe", "glm4_moe_lite", "gpt_oss", "granite", "granitemoe",
    "granitemoehybrid", "helium", "jamba", "kimi_k3", "kimi_linear", "kimi_vl", "Klear",
    "laguna", "lfm2", "lfm2-vl", "lille-130m", "llama", "llama4", "llama4_text",
    "longcat_flash", "longcat_flash_ngram", "mamba2", "mimo", "mimo_v2_flash",
    "minimax", "minimax_m3_vl", "mistral", "mixtral", "muse_glimmer", "nanochat",
    "nemotron-nas", "nemotron_h", "olmo2", "olmo3", "olmoe", "phi3", "pixtral",
    "prism_hadamard_qwen35", "qwen2", "qwen3", "qwen3_5", "qwen3_5_moe", "qwen3_moe",
    "qwen3_next", "qwen3_vl", "qwen3_vl_moe", "rwkv7", "seed_oss", "smollm3", "talkie",
    "telechat3", "youtu_llm",
})  # fmt: skip
PLAIN, WINDOW = "KVCache", "RotatingKVCache"


def is_supported(model_type: str) -> bool:
    """Whether a type passed the tests; mlx-lm has others, at one's own risk."""
    return model_type in SUPPORTED


def features(config: Mapping[str, Any]) -> Features | None:
    """What states of a model can do, by its config; None where only loading tells.

    As far as mlx-lm's source says which classes of caches a type has.
    """
    model_type = str(config.get("model_type"))
    path = model_file(model_type)
    names = cache_classes(path) if path else None
    if names is None:
        return None
    if WINDOW in names and len(names) > 1 and not _has_window(config):
        names -= {WINDOW}
    known = names <= KNOWN
    return Features(
        can_copy=known, can_save=known, can_trim=known and names <= TRIMMABLE
    )


@cache
def cache_classes(path: Path) -> frozenset[str] | None:
    """Names of the caches that a module of mlx-lm makes; None if it does not tell.

    A model without `make_cache` gets a plain one for each layer; one that inherits
    from another module's model does not tell.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    made = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "make_cache"
    ]
    if not made:
        return frozenset({PLAIN}) if _is_root(tree) else None
    names = {
        node.func.id
        for function in made
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id.endswith(("Cache", "CacheList"))
    }
    return frozenset(names) or None


def _is_root(tree: ast.Module) -> bool:
    """Whether the module's `Model` inherits from nothing but MLX's own class."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Model":
            return [ast.unparse(base) for base in node.bases] == ["nn.Module"]
    return False


def _has_window(config: Mapping[str, Any]) -> bool:
    """Whether a configuration, or that of its text part, names a sliding window."""
    text = config.get("text_config")
    parts = [config, text] if isinstance(text, dict) else [config]
    return any(
        value for part in parts for key, value in part.items() if "sliding" in key
    )
