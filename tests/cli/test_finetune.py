"""`genesis-chat finetune`: real runs of few steps, what they leave, what is refused."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slow import slow
from terminal import COMMAND, Result, Screen, call
from waiting import PATIENCE_SECONDS, wait_until

from converters import read_manifest, verify
from genesis_chat.models import ensure_builtin, find
from genesis_chat.models.builtin import builtin
from genesis_chat.training.examples.commands import splits
from genesis_chat.training.run_folder import RunFolder, unfinished

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")

FEW = ("--steps", "2", "--batch-size", "2", "--layers", "1", "--validate-every", "1")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of a few commands and what is expected of them."""
    folder = tmp_path / "lights"
    folder.mkdir()
    sizes = {"train": 4, "valid": 1, "test": 2}
    for name, pairs in splits().items():
        lines = [{"prompt": said, "completion": answer} for said, answer in pairs]
        texts = map(json.dumps, lines[: sizes[name]])
        (folder / f"{name}.jsonl").write_text("\n".join(texts), encoding="utf-8")
    return folder


def finetune(*arguments: str | Path, code: int = 0, stdin: str = "") -> Result:
    result = call("finetune", *arguments, stdin=stdin)
    assert result.code == code, result.err
    assert "Traceback" not in result.err and "Unexpected" not in result.err
    return result


def listed() -> dict[str, dict[str, Any]]:
    return {
        row["name"]: row for row in json.loads(call("models", "list", "--json").out)
    }


def test_an_adapter_is_trained_installed_and_used(data: Path, home: Path) -> None:
    result = finetune(data, *FEW, "--seed", "3")
    for told in (
        "4 for training, 1 for validation, 2 for the test",
        "Training builtin by lora: 2 steps of 2 examples.",
        "Step 2 of 2, loss ",
        "Installed the adapter lights",
        "genesis-chat -m lights",
    ):
        assert told in result.err
    table = result.out.splitlines()
    assert re.fullmatch(r"On the test split +before +after", table[0])
    assert re.fullmatch(r"loss +[0-9.]+ +[0-9.]+", table[1])
    assert re.fullmatch(r"right of 2 +0 +[0-2]", table[2])
    assert re.search(r"Question +Expected +Before +After", result.out)
    model = find("lights")
    assert model.adapter and not model.problem and verify(model.directory) == []
    training = model.adapter.training
    assert training.base.sha256 == ensure_builtin().sha256
    assert (training.data.name, training.data.training) == ("lights", 4)
    assert (training.steps, training.settings["seed"]) == (2, 3)
    assert [step for step, _ in training.training_losses] == [1, 2]
    assert [step for step, _ in training.validation_losses] == [1, 2]
    assert training.scores and training.scores.asked == 2
    svg = (model.directory / "curves.svg").read_text("utf-8")
    assert svg.startswith("<svg") and svg.count("<polyline") == 4
    assert listed()["lights"]["adapter_of"] == "builtin"
    assert not (home / "training").exists() or unfinished() == []
    # Its name is taken now, and nothing is trained into itself.
    taken = finetune(data, *FEW, code=1)
    assert "A model called 'lights' is installed" in taken.err
    itself = finetune(data, *FEW, "-m", "lights", "--force", code=2)
    assert "choose another name for the result" in itself.err


def test_all_weights_as_json(data: Path) -> None:
    facts = json.loads(
        finetune(data, *FEW, "--method", "full", "--name", "mine", "--json").out
    )
    assert (facts["name"], facts["kind"]) == ("mine", "model")
    for kind in ("training", "validation"):
        assert len(facts["training"][f"{kind}_losses"]) == 2
    assert [each["expected"] for each in facts["answers"]] == [
        answer for _, answer in splits()["test"][:2]
    ]
    manifest = read_manifest(find("mine").directory)
    assert manifest.training and manifest.training.method == "full"
    assert manifest.training.scores
    assert Path(facts["curves"]).is_file() and verify(find("mine").directory) == []
    # It needs nothing else.
    shutil.rmtree(builtin().directory)
    assert call("ask", "Hello!", "-m", "mine", "--max-tokens", "2").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give DATA or --from-history"),
        (("DATA", "--from-history", "x"), "Give DATA or --from-history"),
        (("nothing.jsonl",), "nothing.jsonl does not exist"),
        (("DATA", "--steps", "2", "--epochs", "2"), "--steps and --epochs"),
        (("DATA", "--layers", "9"), "--layers must be at most 8"),
        (("DATA", "--name", "builtin"), "built-in"),
        (("DATA", "--name", "a/b"), "cannot be a model's name"),
        (("DATA", "--machines", "absent.json"), "absent.json cannot be read"),
        (("DATA", "--learning-rate", "0"), "learning-rate"),
        (("DATA", "--max-length", "4"), "--max-length"),
        (("--resume",), "No training was stopped"),
        (("DATA", "--resume"), "leave out everything but --name"),
        (("--from-history", "nothing-like-this"), "nothing-like-this"),
        (("DATA", "--method", "full", "--rank", "0"), "--rank"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    arguments: tuple[str, ...], said: str, data: Path, home: Path
) -> None:
    given = [str(data) if each == "DATA" else each for each in arguments]
    result = finetune(*given, code=2)
    assert said in result.err and result.out == ""
    assert not (home / "training").exists()
    assert [path.name for path in (home / "models").iterdir()] == ["builtin"]


def test_a_missing_model_or_training(data: Path, home: Path) -> None:
    assert "'absent'" in finetune(data, "-m", "absent", code=1).err
    said = finetune("--resume", "--name", "absent", code=1).err
    assert "no unfinished training called 'absent'" in said


def test_every_bad_line_is_named_unless_they_are_left_out(
    data: Path, home: Path
) -> None:
    file = data / "train.jsonl"
    good = file.read_text("utf-8")
    file.write_text(f'{good}\n{{"prompt": "x"}}\nnot JSON\n{{"text": 5}}\n', "utf-8")
    result = finetune(data, *FEW, code=2)
    for line in ("line 5", "line 6", "line 7"):
        assert line in result.err
    assert "3 lines that cannot be learned from" in result.err
    assert not (home / "training").exists()


def test_without_mlx_it_is_one_sentence(data: Path) -> None:
    from terminal import run

    said = run("finetune", data, env={"GENESIS_TEST_HIDDEN": "mlx"})
    assert said.code == 2 and len(said.err.splitlines()) == 1
    assert "MLX, which is not installed here" in said.err
    assert "python -m pip install" in said.err


@pytest.fixture
def long_run(data: Path, home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A training of more steps than anybody waits for, in a process of its own."""
    arguments = ["finetune", str(data), "--steps", "500", "--batch-size", "2"]
    arguments += ["--layers", "1", "--validate-every", "2", "--warmup", "0"]
    process = subprocess.Popen(
        [*COMMAND, *arguments], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    yield process
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)


def checkpointed() -> bool:
    return "lights" in unfinished() and RunFolder.open("lights").has_checkpoint


def shortened(steps: int) -> None:
    """Let the training that was stopped end soon; it may not be told so."""
    folder = RunFolder.open("lights")
    for path in (folder.path / "plan.json", *folder.path.glob("steps/*/run.json")):
        content = json.loads(path.read_text("utf-8"))
        content["settings"]["steps"] = steps
        path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("how", [slow(signal.SIGINT), signal.SIGKILL])
def test_a_stopped_training_goes_on(
    how: signal.Signals, long_run: "subprocess.Popen[bytes]", home: Path
) -> None:
    wait_until(checkpointed)
    os.kill(long_run.pid, how)
    _, said = long_run.communicate(timeout=PATIENCE_SECONDS)
    if how == signal.SIGINT:
        assert long_run.returncode == 130
        assert b"go on with: genesis-chat finetune --resume --name lights" in said
    assert [path.name for path in (home / "models").iterdir()] == ["builtin"]
    folder = RunFolder.open("lights")
    wait_until(lambda: not _held(folder))
    (last,) = sorted(folder.path.glob("steps/checkpoint-*"))[-1:]
    steps = json.loads((last / "run.json").read_text("utf-8"))["step"]
    shortened(steps + 2)
    result = finetune("--resume", "--json")
    assert "Going on with the training of lights." in result.err
    training = json.loads(result.out)["training"]
    assert training["steps"] == steps + 2
    assert [step for step, _ in training["training_losses"]] == [*range(1, steps + 3)]
    assert unfinished() == []


def _held(folder: RunFolder) -> bool:
    """Whether a process still trains there, which notices late that nobody listens."""
    import psutil

    return any(
        str(folder.path) in (each.info["cmdline"] or ())
        for each in psutil.process_iter(["cmdline"])
    )


def test_ones_own_chats_are_learned_from(home: Path) -> None:
    said = ("What is 2 plus 3?", "My name is Bob.", "Good morning")
    for text in said:
        assert call("ask", text, "--temp", "0", "--max-tokens", "60").code == 0
    result = finetune(
        "--from-history", "", *FEW, "--steps", "1", "--name", "me", "--json"
    )
    training = json.loads(result.out)["training"]
    assert training["data"]["training"] == 3
    assert training["data"]["name"] == "history: "
    assert call("ask", "Hello!", "-m", "me", "--max-tokens", "2").code == 0


@pytest.mark.parametrize("colours", [True, slow(False)])
def test_a_terminal_shows_the_curves_while_they_come(
    colours: bool, data: Path, home: Path
) -> None:
    env = {} if colours else {"NO_COLOR": "1"}
    with Screen.start("finetune", data, *FEW, env=env, size=(100, 40)) as screen:
        screen.see("Ctrl+C stops and keeps the last step", (100, 40))
        assert screen.finish() == 0
        text = screen.text
    for told in ("• training", "o validation", "└──", "step 1", "right of 2"):
        assert told in re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", text)
    assert bool(re.search("\x1b\\[[0-9;]*3[0-9]m", text)) == colours
