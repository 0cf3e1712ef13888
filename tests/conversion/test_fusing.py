"""An adapter added to a model's weights, against its definition in float64."""

from pathlib import Path

import numpy as np
import pytest
from adapted import MODULES, SCALE, record, shapes_of, tensors_of
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tolerances import FUSED

from backends.stored_tensors import map_tensors
from converters import ConversionError, Manifest, convert, read_manifest, verify
from converters.fusing import fuse

Floats = NDArray[np.float64]


def defined(
    weight: NDArray[np.float32], adapter: dict[str, NDArray[np.float32]], module: str
) -> Floats:
    """The changed matrix by the papers' equations."""
    wide = {name: each.astype(np.float64) for name, each in adapter.items()}
    product = wide[f"{module}.lora_a"] @ wide[f"{module}.lora_b"]
    changed = weight.astype(np.float64) + SCALE * product.T
    if f"{module}.m" in wide:
        lengths = np.sqrt((changed**2).sum(1, keepdims=True))
        changed = wide[f"{module}.m"][:, None] * changed / lengths
    return np.asarray(changed)


def fused(
    base: Path, adapter: dict[str, NDArray[np.float32]], out: Path
) -> tuple[Manifest, dict[str, NDArray[np.float32]]]:
    file = out.with_suffix(".safetensors")
    save_file(adapter, file)
    manifest = fuse(
        base,
        read_manifest(base),
        file,
        out,
        scale=SCALE,
        training=record("base", "0" * 64),
    )
    stored = map_tensors(out / "model.safetensors")
    return manifest, {n: t.rows() for n, t in stored.items() if t.dtype != "U32"}


@pytest.mark.parametrize("dora", [False, True])
def test_matrices_are_what_the_papers_say(
    dora: bool, converted_once: Path, tmp_path: Path
) -> None:
    adapter = tensors_of(shapes_of(converted_once), dora=dora)
    manifest, found = fused(converted_once, adapter, tmp_path / "fused")
    before = map_tensors(converted_once / "model.safetensors")
    assert found.keys() == before.keys()
    for name, tensor in before.items():
        module = name.removesuffix(".weight")
        if module in MODULES:
            wanted = defined(tensor.rows(), adapter, module)
            np.testing.assert_allclose(found[name], wanted, rtol=0, atol=FUSED)
            assert not np.array_equal(found[name], tensor.rows())
        else:
            np.testing.assert_array_equal(found[name], tensor.rows())
    assert verify(tmp_path / "fused") == []
    assert manifest == read_manifest(tmp_path / "fused")
    assert manifest.training == record("base", "0" * 64)
    assert manifest.parameters == read_manifest(converted_once).parameters


def test_a_quantised_genesis_model_is_unpacked(assets: Path, tmp_path: Path) -> None:
    import mlx.core as mx

    base = tmp_path / "base"
    convert(assets / "model.safetensors", base, quantize=4)
    plain = tmp_path / "plain"
    convert(assets / "model.safetensors", plain)
    adapter = tensors_of(shapes_of(plain))
    manifest, found = fused(base, adapter, tmp_path / "fused")
    assert (manifest.quantization, read_manifest(base).quantization) == (None, 4)
    packed = mx.load(str(base / "model.safetensors"))
    assert isinstance(packed, dict)
    for name in map_tensors(plain / "model.safetensors"):
        module = name.removesuffix(".weight")
        if f"{module}.scales" not in packed:
            continue
        weight = np.array(
            mx.dequantize(
                packed[name],
                packed[f"{module}.scales"].astype(mx.float32),
                packed[f"{module}.biases"].astype(mx.float32),
                group_size=32,
                bits=4,
            )
        )
        wanted = (
            defined(weight, adapter, module)
            if module in MODULES
            else weight.astype(np.float64)
        )
        np.testing.assert_allclose(found[name], wanted, rtol=0, atol=FUSED)
    assert "quantization" not in (tmp_path / "fused" / "config.json").read_text()


def test_whole_tensors_take_the_place_of_others(
    converted_once: Path, tmp_path: Path
) -> None:
    name = "metacognition.ttt.W0"
    before = map_tensors(converted_once / "model.safetensors")[name].rows()
    other = before + np.float32(0.001)
    _, found = fused(converted_once, {name: other}, tmp_path / "fused")
    np.testing.assert_array_equal(found[name], other)


@pytest.mark.parametrize("fault", ["module", "shape", "half", "bytes", "name"])
def test_what_does_not_fit_is_refused(
    fault: str, converted_once: Path, tmp_path: Path
) -> None:
    adapter = tensors_of(shapes_of(converted_once))
    first = MODULES[0]
    if fault == "module":
        adapter = {k.replace("blocks.7", "blocks.77"): v for k, v in adapter.items()}
    elif fault == "shape":
        adapter[f"{first}.lora_a"] = adapter[f"{first}.lora_a"][:-1].copy()
    elif fault == "half":
        del adapter[f"{first}.lora_b"]
    elif fault == "name":
        adapter["nothing.weight"] = np.zeros((2, 2), np.float32)
    save_file(adapter, tmp_path / "a.safetensors")
    if fault == "bytes":
        data = (tmp_path / "a.safetensors").read_bytes()
        (tmp_path / "a.safetensors").write_bytes(data[:-1])
    with pytest.raises(ConversionError, match=r"a\.safetensors"):
        fuse(
            converted_once,
            read_manifest(converted_once),
            tmp_path / "a.safetensors",
            tmp_path / "fused",
            scale=1.0,
            training=record("base", "0" * 64),
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.safetensors"]
    assert load_file(converted_once / "model.safetensors")
