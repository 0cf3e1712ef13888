"""Files of prompts: every line is answered once, in its order, whatever happens.

`make soak` kills it at 50 moments: GENESIS_SOAK=1.
"""

import errno
import json
import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from json_lines import read, write
from terminal import COMMAND, call
from waiting import wait_until

from genesis_chat import Genesis

SOAK = os.environ.get("GENESIS_SOAK") == "1"
KILLS = 50 if SOAK else 2
# A long one has enough of them to be killed in the middle.
LONG = 400 if SOAK else 120
GREEDY = ("--temp", "0")
PROMPTS = ["Hello!", "What is your name?", "What is 7 plus 8?", "Who made you?"]


def test_answers_come_in_order_as_one_by_one(
    genesis: Genesis, tmp_path: Path, out: Path
) -> None:
    lines = [{"id": text[:9], "prompt": text} for text in PROMPTS]
    done = call("batch", write(tmp_path / "in.jsonl", lines), "-o", out, *GREEDY)
    assert done.code == 0 and done.out == "", done.err
    answers = read(out)
    assert [each["id"] for each in answers] == [text[:9] for text in PROMPTS]
    for each, text in zip(answers, PROMPTS, strict=True):
        reply = genesis.reply(text, temperature=0)
        assert each["text"] == reply.text
        assert each["reply_tokens"] == reply.reply_tokens
        assert each["finish_reason"] == "stop" and each["settings"]["temperature"] == 0
        assert isinstance(each["seed"], int) and each["model"] == "builtin"


def test_several_at_a_time_answer_as_one_by_one(tmp_path: Path, out: Path) -> None:
    lines = [
        {"prompt": text, "seed": n, "temperature": n % 2, "max_tokens": 3 + 9 * (n % 4)}
        for n, text in enumerate(PROMPTS * 3)
    ]
    file = write(tmp_path / "in.jsonl", lines)
    exact = ("--backend", "cpu", "--dtype", "float32")
    answers = []
    for width in ("1", "5"):
        path = out.with_suffix(f".{width}")
        done = call("batch", file, "-o", path, *exact, "--parallel", width)
        assert done.code == 0 and "one by one" not in done.err, done.err
        answers.append([(each["id"], each["text"]) for each in read(path)])
    assert answers[0] == answers[1]
    mlx = ("--backend", "mlx", "--parallel", "2")
    told = call("batch", file, "-o", out, *mlx)
    assert told.code == 0 and "one by one" not in told.err


def test_both_forms_and_settings_of_a_line(
    genesis: Genesis, tmp_path: Path, out: Path
) -> None:
    messages = [
        {"role": "user", "content": "My name is Bob."},
        {"role": "assistant", "content": "Nice to meet you, Bob!"},
        {"role": "user", "content": "What is my name?"},
    ]
    body = {"model": "builtin", "messages": messages, "temperature": 0, "n": 2}
    lines: list[Any] = [
        {"messages": messages, "temperature": 0, "max_tokens": 2, "seed": 5},
        "",
        {"prompt": "Hello!", "system": "", "temperature": 0},
        {
            "custom_id": "third",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": body,
        },
        {
            "custom_id": 4,
            "method": "POST",
            "url": "/v1/completions",
            "body": {"prompt": "The capital", "max_tokens": 3},
        },
    ]
    done = call("batch", write(tmp_path / "in.jsonl", lines), "-o", out)
    assert done.code == 0, done.err
    first, second, third, fourth = read(out)
    assert (first["id"], second["id"]) == (1, 3)
    assert first["reply_tokens"] == 2 and first["finish_reason"] == "length"
    assert first["seed"] == 5
    assert second["text"] == genesis.ask("Hello!", system="", temperature=0)
    assert third["custom_id"] == "third" and third["error"] is None
    answer = third["response"]["body"]
    assert third["response"]["status_code"] == 200
    texts = [choice["message"]["content"] for choice in answer["choices"]]
    assert len(texts) == 2 and "Bob" in texts[0]
    assert fourth["custom_id"] == 4
    assert fourth["response"]["body"]["object"] == "text_completion"


def test_lines_that_cannot_be_answered_say_why(tmp_path: Path, out: Path) -> None:
    openai = {"custom_id": "x", "method": "POST", "url": "/v1/chat/completions"}
    lines: list[Any] = [
        "{not json",
        {"id": "long", "prompt": "word " * 5000},
        {"id": "both", "prompt": "a", "messages": []},
        {"id": "field", "prompt": "a", "tools": [{}]},
        {"id": "model", "prompt": "a", "model": "gpt-4o"},
        {"id": "many", "prompt": "a", "n": 2},
        {"id": "stream", "prompt": "a", "stream": True},
        [1],
        {**openai, "body": {"messages": []}},
        {**openai, "method": "GET", "body": {}},
        {**openai, "url": "/v1/embeddings", "body": {}},
        {"id": "good", "prompt": "Hello!"},
    ]
    file = write(tmp_path / "in.jsonl", lines)
    done = call("batch", file, "-o", out, "--max-tokens", "3")
    # Three tokens say nothing about the speed.
    told = "11 lines could not be answered"
    assert done.code == 1 and f"1 line answered.\n{told}" in done.err
    again = call("batch", file, "-o", out, "--max-tokens", "3")
    assert again.code == 1 and told in again.err
    answers = read(out)
    assert [each.get("id") for each in answers[:8]] == [
        *(1, "long", "both", "field", "model", "many", "stream", 8)
    ]
    assert answers[-1]["text"]
    params = [each["error"]["param"] for each in answers[:8]]
    assert params == [
        None,
        None,
        "prompt",
        "tools[0].type",
        "model",
        "n",
        "stream",
        "line",
    ]
    assert answers[1]["error"]["code"] == "context_length_exceeded"
    for each in answers[8:11]:
        assert each["response"]["status_code"] == 400
        assert each["response"]["body"]["error"]["param"] in (
            *("messages", "method", "url"),
        )


def test_nothing_is_answered_twice(tmp_path: Path, out: Path) -> None:
    file = write(tmp_path / "in.jsonl", [{"prompt": text} for text in PROMPTS])
    call("batch", file, "-o", out, *GREEDY)
    whole = out.read_bytes()
    lines = whole.splitlines(keepends=True)
    for kept in (b"", lines[0], whole[: len(lines[0]) + 20], whole[:-1], whole):
        out.write_bytes(kept)
        done = call("batch", file, "-o", out, *GREEDY)
        assert done.code == 0, done.err
        texts = [each["text"] for each in read(out)]
        assert texts == [json.loads(line)["text"] for line in lines]
        # What had been answered was left as it was.
        assert out.read_bytes().startswith(kept[: kept.rfind(b"\n") + 1])
    before = out.stat().st_mtime_ns
    again = call("batch", file, "-o", out, *GREEDY)
    assert "4 lines of 4 answered already" in again.err
    assert out.stat().st_mtime_ns == before


def test_answers_to_something_else_are_left_alone(tmp_path: Path, out: Path) -> None:
    file = write(tmp_path / "in.jsonl", [{"prompt": text} for text in PROMPTS])
    call("batch", file, "-o", out, *GREEDY)
    other = write(tmp_path / "other.jsonl", [{"prompt": text} for text in PROMPTS[1:]])
    for content in (out.read_bytes(), b"a diary\nof mine\n", b'{"key": 3}\n'):
        out.write_bytes(content)
        refused = call("batch", other, "-o", out, *GREEDY)
        assert refused.code == 2 and "something else" in refused.err
        assert out.read_bytes() == content


def test_a_full_disk_names_the_file(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was answered stays, to be gone on with."""
    file = write(tmp_path / "in.jsonl", [{"prompt": text} for text in PROMPTS])
    written, real = [], os.write

    def full(number: int, data: bytes) -> int:
        if data.startswith(b'{"id":3'):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(data)
        return real(number, data)

    monkeypatch.setattr("genesis_chat.batch.output.os.write", full)
    done = call("batch", file, "-o", out, *GREEDY)
    assert done.code == 1 and f"Error: {out}: No space left on device." in done.err
    assert len(read(out)) == len(written) == 2
    monkeypatch.setattr("genesis_chat.batch.output.os.write", real)
    assert call("batch", file, "-o", out, *GREEDY).code == 0
    assert len(read(out)) == len(PROMPTS)


@pytest.mark.parametrize("when", ["meanwhile", "at the end"])
def test_a_quota_that_shows_late_names_the_file(
    when: str, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What network file systems refuse they tell when it is to be on the disk."""

    def full(number: int) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    seconds = -1.0 if when == "meanwhile" else 1e9
    monkeypatch.setattr("genesis_chat.batch.output.SYNC_SECONDS", seconds)
    monkeypatch.setattr("genesis_chat.batch.output.os.fsync", full)
    file = write(tmp_path / "in.jsonl", [{"prompt": "Hello!"}])
    done = call("batch", file, "-o", out, *GREEDY)
    assert done.code == 1 and f"Error: {out}: {os.strerror(errno.EDQUOT)}" in done.err


def started(file: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "batch", str(file), "-o", str(out), *GREEDY],
        stderr=subprocess.PIPE,
    )


def test_killed_at_any_moment_every_line_is_answered_once(
    tmp_path: Path, out: Path, genesis: Genesis
) -> None:
    # No two lines are alike.
    texts = [f"What is {number} plus {number % 9}?" for number in range(LONG)]
    file = write(tmp_path / "in.jsonl", [{"id": t, "prompt": t} for t in texts])
    chance, seen = random.Random(18), 0
    for _ in range(KILLS):
        with started(file, out) as process:
            kill_after(process, out, seen + chance.randrange(1, 150 * LONG // KILLS))
        seen = size(out)
    last = call("batch", file, "-o", out, *GREEDY)
    assert last.code == 0, last.err
    answers = read(out)
    assert [each["id"] for each in answers] == texts
    for number in chance.sample(range(len(texts)), 5):
        expected = genesis.ask(texts[number], temperature=0)
        assert answers[number]["text"] == expected


def kill_after(process: subprocess.Popen[bytes], out: Path, count: int) -> None:
    """Once the file has so many bytes, or it has ended."""
    wait_until(lambda: process.poll() is not None or size(out) >= count)
    process.kill()


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def test_an_interrupted_one_goes_on_and_two_do_not_mix(
    tmp_path: Path, out: Path
) -> None:
    texts = [f"What is {number} plus 5?" for number in range(200)]
    file = write(tmp_path / "in.jsonl", [{"prompt": t} for t in texts])
    with started(file, out) as process:
        wait_until(lambda: size(out) > 0)
        refused = call("batch", file, "-o", out, *GREEDY)
        assert refused.code == 2 and "Another program is writing" in refused.err
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert 0 < len(read(out)) < 200
    assert call("batch", file, "-o", out, *GREEDY).code == 0
    assert len(read(out)) == 200
    assert list(out.parent.glob(".*")) == []
