"""The name table against names and shapes that the reference itself saved."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from backends.genesis_mlx import ModelArgs, tensor_shapes
from converters.layout import source_shapes
from converters.names import block_index, is_buffer, place

# Written by genesis-llm 2.0.3: state_dict() of small models, buffers included.
CASES = json.loads(
    Path(__file__).with_name("reference_names.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", CASES)
def test_layout_is_the_references(case: str) -> None:
    config, saved = CASES[case]["config"], CASES[case]["tensors"]
    args = ModelArgs.from_config(config)
    expected = {name: list(shape) for name, shape in source_shapes(args).items()}
    found = {name: shape for name, shape in saved.items() if not is_buffer(name)}
    if args.tie_word_embeddings:
        assert found.pop("lm_head.weight") == found["tok_emb.weight"]
    assert found == expected


@pytest.mark.parametrize("case", CASES)
def test_parts_make_up_the_targets(case: str) -> None:
    """Joined in the table's order, the parts have the backend's names and shapes."""
    args = ModelArgs.from_config(CASES[case]["config"])
    parts: dict[str, dict[int, tuple[int, ...]]] = {}
    for name, shape in source_shapes(args).items():
        spot = place(name)
        assert spot is not None
        if spot.transform == "convolution":
            channels, one, width = shape
            assert one == 1
            shape = (width, channels)
        assert spot.part not in parts.setdefault(spot.target, {})
        parts[spot.target][spot.part] = shape
    joined: dict[str, Any] = {}
    for target, shapes in parts.items():
        assert sorted(shapes) == list(range(len(shapes)))
        axis = 1 if target.endswith("conv.weight") else 0
        first = list(shapes[0])
        first[axis] = sum(shape[axis] for shape in shapes.values())
        joined[target] = tuple(first)
    assert joined == tensor_shapes(args)


def test_built_in_model(assets: Path) -> None:
    with safe_open(str(assets / "model.safetensors"), framework="numpy") as file:
        config = json.loads(file.metadata()["genesis_config_json"])
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - not a dict
    found = {name: shape for name, shape in shapes.items() if not is_buffer(name)}
    assert found == source_shapes(ModelArgs.from_config(config))


def test_released_model_has_its_published_size() -> None:
    shapes = source_shapes(ModelArgs.released())
    assert len(shapes) == 576
    total = 0
    for shape in shapes.values():
        count = 1
        for size in shape:
            count *= size
        total += count
    assert total == 151_757_837


@pytest.mark.parametrize(
    "name",
    [
        "blocks.0.attn.rope.inv_freq",
        "blocks.29.attn.rope.cos_cached",
        "blocks.29.attn.rope.sin_cached",
        "blocks.3.attn.inv_freq",
        "blocks.3.attn.cos_cached",
        "metacognition.evolution_history",
        "metacognition.evolution_idx",
    ],
)
def test_buffers_are_known(name: str) -> None:
    assert is_buffer(name)
    assert place(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "tok_emb",
        "tok_emb.weight ",
        "tok_emb.weight\n",
        "blocks.00.attn_norm.omega",
        "blocks.-1.attn_norm.omega",
        "blocks.\u0661.attn_norm.omega",
        "blocks.0.attn_norm.omega\n",
        "blocks.0.attn.q_proj.bias",
        "blocks.99999.attn_norm.omega",
        "model.blocks.0.attn_norm.omega",
        "evolution_history",
        "metacognition.evolution_idx.x",
    ],
)
def test_other_names_are_unknown(name: str) -> None:
    assert place(name) is None
    assert not is_buffer(name)


def test_block_index() -> None:
    assert block_index("blocks.12.attn.b_proj.bias") == 12
    assert block_index("ln_f.omega") is None
