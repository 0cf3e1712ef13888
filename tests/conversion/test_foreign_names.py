"""Names of tensors as training tools have left them, and names that nobody knows."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from checkpoints import checkpoint_tensors, small_config, stored, write_checkpoint

from converters import ConversionError, convert


def renamed(tensors: dict[str, Any], rename: Any) -> dict[str, Any]:
    return {rename(name): tensor for name, tensor in tensors.items()}


PREFIXES = [
    *("module.", "_orig_mod.", "model.", "_orig_mod.module.", "model.model."),
    *("module._orig_mod.model.", "base_model.model.", "base_model.model.model."),
    *("_forward_module.student.", "transformer."),
]


@pytest.mark.parametrize(
    "rename",
    [
        *(prefix.__add__ for prefix in PREFIXES),
        lambda name: name if name.startswith("ln_f") else f"model.{name}",
        lambda name: name.replace("blocks.1.", "blocks.1._orig_mod."),
        lambda name: name.replace("attn.", "attn._checkpoint_wrapped_module.", 1),
    ],
)
def test_a_prefix_makes_no_difference(
    rename: Any, tmp_path: Path, tokenizer_file: Path
) -> None:
    config = small_config()
    tensors = checkpoint_tensors(config)
    written = []
    for name, given in (("a", tensors), ("b", renamed(tensors, rename))):
        path = tmp_path / f"{name}.safetensors"
        write_checkpoint(path, config, given)
        convert(path, tmp_path / name, tokenizer=tokenizer_file)
        written.append((tmp_path / name / "model.safetensors").read_bytes())
    assert written[0] == written[1]


def test_two_tensors_with_one_name_stay_apart(
    tmp_path: Path, tokenizer_file: Path
) -> None:
    config = small_config()
    tensors = checkpoint_tensors(config)
    tensors["module.ln_f.omega"] = tensors["ln_f.omega"]
    path = tmp_path / "m.safetensors"
    write_checkpoint(path, config, tensors)
    with pytest.raises(ConversionError, match=r"^module\.ln_f\.omega is not a tensor"):
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)


@pytest.mark.parametrize("held", ["ema_model.", "ema.", "module.ema."])
@pytest.mark.parametrize("prefix", ["model.", "", "module.model."])
def test_an_average_beside_the_model_is_left_out(
    prefix: str, held: str, tmp_path: Path, tokenizer_file: Path
) -> None:
    config = small_config()
    tensors = checkpoint_tensors(config)
    other = {name: stored(mx.zeros(t.shape)) for name, t in tensors.items()}
    path = tmp_path / "m.safetensors"
    written: list[bytes] = []
    for given in (
        tensors,
        renamed(tensors, prefix.__add__) | renamed(other, held.__add__),
    ):
        write_checkpoint(path, config, given)
        folder = tmp_path / str(len(written))
        convert(path, folder, tokenizer=tokenizer_file, accept_unknown=True)
        written.append((folder / "model.safetensors").read_bytes())
    assert written[0] == written[1]


def test_other_names_are_told_as_they_are(tmp_path: Path, tokenizer_file: Path) -> None:
    config = small_config()
    tensors = renamed(checkpoint_tensors(config), lambda name: f"module.{name}")
    tensors["module.extra.weight"] = stored(mx.zeros((2,)))
    path = tmp_path / "m.safetensors"
    write_checkpoint(path, config, tensors)
    with pytest.raises(ConversionError) as caught:
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    assert [p.split()[0] for p in caught.value.problems] == ["module.extra.weight"]


def test_a_hundred_wrong_tensors_are_summed_up(
    tmp_path: Path, tokenizer_file: Path
) -> None:
    config = small_config()
    tensors = checkpoint_tensors(config)
    blocks = [name for name in tensors if name.startswith("blocks.")]
    assert len(blocks) > 40
    nan = {name: stored(mx.full(tensors[name].shape, float("nan"))) for name in blocks}
    cases = {
        "Genesis's own program": renamed(
            tensors, lambda n: n if n not in blocks else f"transformer.h.{n}"
        ),
        "one part of several": {n: t for n, t in tensors.items() if n not in blocks},
        "--accept-unknown": tensors | {f"optimizer.{n}": tensors[n] for n in blocks},
        "another size": tensors | {n: stored(mx.zeros((3, 5))) for n in blocks},
        "sha256": tensors | nan,
    }
    for number, (advice, given) in enumerate(cases.items()):
        path = tmp_path / f"{number}.safetensors"
        write_checkpoint(path, config, given)
        with pytest.raises(ConversionError) as caught:
            convert(path, tmp_path / "out", tokenizer=tokenizer_file)
        problems = caught.value.problems
        assert len(problems) <= 4, problems
        assert advice in problems[-1], problems
        assert f"{len(blocks):,} tensors " in str(caught.value)
        assert ("--accept-unknown" in str(caught.value)) == ("accept" in advice)
