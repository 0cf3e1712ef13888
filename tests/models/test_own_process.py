"""Models of mlx-lm's families talk from a process of their own, in every command."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import families
import psutil
import pytest
from chat_models import write_folder
from hub_folders import cache_model
from terminal import run

from genesis_chat import load
from genesis_chat.engine import Finished, Request, Snapshots, WorkerEngine
from genesis_chat.errors import GenerationError, ModelError
from genesis_chat.settings import GenerationSettings

ID = "maker/tiny-gemma"
# More than the tokenizer has.
VOCABULARY = 288
OPTIONS: dict[str, Any] = {"max_tokens": 5, "temperature": 0.0}


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a family that only mlx-lm runs, with a tokenizer and a template."""
    pytest.importorskip("mlx_lm")
    folder = tmp_path_factory.mktemp("talking") / "gemma"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(families.FAMILIES["gemma2"], "vocab_size", VOCABULARY)
        families.write_model(folder, "gemma2", 2)
    config = (folder / "config.json").read_bytes()
    write_folder(folder)
    (folder / "config.json").write_bytes(config)
    return folder


@pytest.fixture
def cached(
    talking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    snapshot = cache_model(tmp_path / "hf" / "hub", ID, talking)
    before = {path: path.stat().st_mtime_ns for path in snapshot.parents[1].rglob("*")}
    yield snapshot
    after = {path: path.stat().st_mtime_ns for path in snapshot.parents[1].rglob("*")}
    assert after == before


def test_it_replies_from_another_process_and_survives_its_end(cached: Path) -> None:
    with pytest.warns(UserWarning, match="no Metal here"):
        genesis = load(ID)
    try:
        assert isinstance(genesis.worker, WorkerEngine)
        pid = genesis.worker.pid
        assert pid and pid != os.getpid()
        first = genesis.reply("Hello", **OPTIONS)
        assert first.token_ids and first.reply_tokens <= 5
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [])
        assert genesis.reply("Hello", **OPTIONS).token_ids == first.token_ids
        assert genesis.worker.pid != pid
    except GenerationError as error:
        pytest.fail(str(error))
    finally:
        genesis.close()


def test_commands_ask_it_and_keep_its_states(cached: Path, private_home: Path) -> None:
    ask = ("ask", "-m", ID, "--temp", "0", "--max-tokens", "4", "--json")
    first = run(*ask, "Hello there")
    assert first.code == 0, first.err
    again = run(*ask, "-c", "And now?")
    assert again.code == 0, again.err
    told = json.loads(again.out)
    # The state was on disk: only what is new was read.
    assert 0 < told["prefilled_tokens"] < told["prompt_tokens"]
    assert told["model"] == ID
    assert list((private_home / "snapshots").iterdir())


def test_a_folder_is_talked_to_as_well(talking: Path) -> None:
    said = run(
        "chat", "--plain", "-n", "-m", str(talking), "--max-tokens", "2", stdin="Hi\n"
    )
    assert said.code == 0, said.err


def test_one_that_the_memory_cannot_hold_is_not_loaded(
    talking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker refuses too, since it is where models are loaded."""
    (tmp_path / "sitecustomize.py").write_text(
        "import psutil\n"
        "from types import SimpleNamespace\n"
        "psutil.virtual_memory = lambda: SimpleNamespace(total=1000, available=1000)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ModelError, match=r"this computer has 0\.0 GB"):
        load(talking)
    with pytest.warns(UserWarning):
        genesis = load(talking, force=True)
    genesis.close()


def test_a_decoder_that_the_cpu_backend_does_not_run_goes_there_too(
    talking: Path, tmp_path: Path, compiled: None
) -> None:
    folder = families.write_model(tmp_path / "llama", "llama")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((talking / name).read_bytes())
    genesis = load(folder)
    assert genesis.worker is None and genesis.model.backend == "cpu"
    genesis.close()
    path = folder / "config.json"
    config = json.loads(path.read_text())
    yarn = {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 99}
    path.write_text(json.dumps({**config, "rope_scaling": yarn}))
    with pytest.warns(UserWarning, match="no Metal here"):
        genesis = load(folder)
    assert genesis.worker and genesis.model.backend == "mlx"
    genesis.close()


def test_a_crash_while_loading_is_an_error_here(
    talking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'genesis_chat.engine.worker' in ' '.join(sys.orig_argv): os.abort()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ModelError, match="crashed \\(signal 6\\) while loading"):
        load(talking)


def test_states_are_kept_from_when_it_is_said(mine: Path, tmp_path: Path) -> None:
    engine = WorkerEngine(mine, "mine", "0" * 64)
    try:
        request = Request("Hello!", GenerationSettings(max_tokens=2, temperature=0))
        before = list(engine.reply(request))[-1]
        folder = tmp_path / "snapshots"
        engine.keep(Snapshots(folder))
        after = list(engine.reply(request))[-1]
        assert list(folder.iterdir())
        assert isinstance(after, Finished) and isinstance(before, Finished)
        assert after.reply.token_ids == before.reply.token_ids
    finally:
        engine.close()
