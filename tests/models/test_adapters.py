"""Adapters: used like models, listed under theirs, refused without it, fused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from adapted import MODULES, SCALE, install_adapter, record, shapes_of, tensors_of
from tolerances import FUSED, LOGITS

from backends.genesis.args import ModelArgs
from backends.stored_tensors import map_tensors
from converters import verify
from genesis_chat import load
from genesis_chat.errors import ModelError, UsageError
from genesis_chat.models import (
    BUILTIN,
    adapters_by_base,
    choosable_names,
    choose,
    default_name,
    ensure_builtin,
    find,
    fuse_adapter,
    install,
    installed,
    remove,
    set_default,
)
from genesis_chat.settings import BackendName

QUESTION = "What is the capital of France?"


@pytest.fixture(autouse=True)
def own_cache(
    tmp_path: Path, private_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """What is fused in a test is looked at there; what is compiled is not made anew."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (private_cache / "compiled").mkdir(exist_ok=True)
    (cache / "compiled").symlink_to(private_cache / "compiled")
    monkeypatch.setenv("GENESIS_CHAT_CACHE", str(cache))
    return cache / "adapters"


@pytest.fixture
def lights(private_home: Path, converted_once: Path) -> str:
    """An adapter of the built-in model."""
    (private_home / "models").mkdir()
    shutil.copytree(converted_once, private_home / "models" / BUILTIN)
    return install_adapter(ensure_builtin()).name


def test_it_is_chosen_as_the_model_it_makes(lights: str, own_cache: Path) -> None:
    said: list[str] = []
    model = choose(lights, said.append)
    assert said == ["Preparing the adapter lights (first run only)…"]
    assert (model.name, model.problem) == ("lights", None)
    assert model.training == record(BUILTIN, ensure_builtin().sha256 or "")
    base = ensure_builtin().directory
    before = map_tensors(base / "model.safetensors")
    after = map_tensors(model.directory / "model.safetensors")
    adapter = tensors_of(shapes_of(base))
    for module in MODULES:
        change = adapter[f"{module}.lora_a"] @ adapter[f"{module}.lora_b"]
        wanted = before[f"{module}.weight"].rows() + SCALE * change.T
        np.testing.assert_allclose(
            after[f"{module}.weight"].rows(), wanted, rtol=0, atol=FUSED
        )
    assert model.sha256 not in (ensure_builtin().sha256, find(lights).sha256)
    # Once made it is there.
    assert choose(lights, said.append) == model and len(said) == 1
    assert [path.name for path in own_cache.iterdir()] == [model.directory.name]


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_what_was_fused_can_be_deleted_at_any_time(damage: str, lights: str) -> None:
    model = choose(lights)
    if damage == "gone":
        shutil.rmtree(model.directory)
    else:
        weights = model.directory / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1])
    again = choose(lights)
    assert again.problem is None and again.sha256 == model.sha256


def test_adapters_are_listed_under_their_model_and_never_the_default(
    lights: str,
) -> None:
    install_adapter(choose(lights), "brighter")
    assert {base: [m.name for m in each] for base, each in adapters_by_base().items()}
    found = adapters_by_base()
    assert [model.name for model in found[BUILTIN]] == ["lights"]
    assert [model.name for model in found["lights"]] == ["brighter"]
    assert {"lights", "brighter", BUILTIN} <= set(choosable_names())
    assert default_name() == BUILTIN
    set_default("lights")
    assert choose().name == "lights"


def test_what_a_backend_keeps_beside_the_weights_is_left_out(lights: str) -> None:
    load(BUILTIN, backend="cpu", dtype="int8").close()
    assert (ensure_builtin().directory / "model.cpu-int8.safetensors").exists()
    load(lights, backend="cpu", dtype="int8").close()


def test_one_on_top_of_another(lights: str) -> None:
    install_adapter(choose(lights), "brighter")
    upper = choose("brighter")
    assert upper.problem is None
    assert upper.sha256 != choose(lights).sha256


def test_a_missing_model_is_named(lights: str, nano: Path) -> None:
    other = install(str(nano / "model.safetensors"), "other")
    (other.directory.parent / "moved").mkdir()
    adapter = install_adapter(other, "of-other")
    # Under another name it is found by what it is.
    assert choose(adapter.name).problem is None
    shutil.rmtree(other.directory)
    assert choose(adapter.name).problem is None
    shutil.rmtree(ensure_builtin().directory)
    with pytest.raises(ModelError) as refused:
        choose(adapter.name)
    assert str(refused.value).count(".") == 1
    assert "of-other is an adapter of the model other" in str(refused.value)
    assert "not here" in (adapters_by_base()[""][0].problem or "")


def test_another_model_of_the_same_name_is_no_base(lights: str, nano: Path) -> None:
    install(str(nano / "model.safetensors"), "other")
    adapter = install_adapter(find("other"), "of-other")
    remove("other")
    shutil.rmtree(ensure_builtin().directory)
    install(str(nano / "model.safetensors"), "other", quantize=8)
    with pytest.raises(ModelError, match=r"another other .* than the one that is here"):
        choose(adapter.name)
    assert adapters_by_base()[""][0].name == "of-other"


def test_a_damaged_adapter_is_told_and_can_be_removed(
    lights: str, own_cache: Path
) -> None:
    choose(lights)
    directory = find(lights).directory
    (directory / "adapter_config.json").unlink()
    assert "adapter_config.json" in (find(lights).problem or "")
    assert "adapter_config.json" in (choose(lights).problem or "")
    (directory / "manifest.json").write_text("{", encoding="utf-8")
    assert "manifest.json is damaged" in (find(lights).problem or "")
    remove(lights)
    assert installed() == [] and list(own_cache.iterdir()) == []


def test_fused_for_good_it_needs_neither(lights: str, private_home: Path) -> None:
    sha256 = choose(lights).sha256
    model = fuse_adapter(lights)
    assert (model.name, model.sha256, model.adapter) == ("lights-fused", sha256, None)
    assert model.training == find(lights).training
    remove(lights)
    shutil.rmtree(private_home / "models" / BUILTIN)
    assert choose("lights-fused").problem is None
    assert verify(model.directory) == []
    with pytest.raises(ModelError, match="is no adapter"):
        fuse_adapter("lights-fused")


def test_a_fused_model_replaces_nothing(lights: str) -> None:
    fuse_adapter(lights, "mine")
    for name in ("mine", "MINE", "lights"):
        with pytest.raises(ModelError, match="choose another name"):
            fuse_adapter(lights, name)
    with pytest.raises(UsageError):
        fuse_adapter(lights, BUILTIN)


@pytest.mark.parametrize("dora", [False, True])
def test_every_backend_answers_with_it_alike(
    dora: bool, lights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same from both backends, and something else than without it.

    Without the mask, which rounding decides (see `LOGITS_MASKED`).
    """
    monkeypatch.setattr(ModelArgs, "ffn_keep", property(lambda args: args.ffn_width))
    name = install_adapter(ensure_builtin(), "other", dora=dora).name
    replies = []
    on: list[tuple[str, BackendName]] = [(name, "cpu"), (name, "mlx"), (BUILTIN, "cpu")]
    for model, backend in on:
        genesis = load(model, backend=backend, dtype="float32")
        replies.append(genesis.reply(QUESTION, temperature=0, max_tokens=12))
        genesis.close()
    fused, other, base = (np.array(each.log_probabilities) for each in replies)
    assert replies[0].token_ids == replies[1].token_ids
    np.testing.assert_allclose(fused, other, rtol=0, atol=LOGITS)
    assert fused.shape != base.shape or np.abs(fused - base).max() > 100 * LOGITS
