"""Use an installed program as a person does: `python tests/installed.py`.

It needs nothing but the program, so that it also tries a wheel on systems where the
tests cannot run, such as Windows. A home of its own keeps a person's history out of it.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

QUESTION, ANSWER = "What is the capital of France?", "The capital of France is Paris."
PROGRAM = (sys.executable, "-P", "-m", "genesis_chat")


def call(*arguments: str | Path, stdin: str = "", code: int = 0) -> str:
    """What the program writes to standard output; it must exit with a code."""
    done = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    told = f"{arguments}: {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == code, told
    return done.stdout


def use(folder: Path) -> None:
    """Ask, go on, chat line by line, look, move the history, set something."""
    greedy = ("--temp", "0")
    assert call("ask", QUESTION, *greedy).strip() == ANSWER
    assert call("ask", *greedy, stdin=QUESTION).strip() == ANSWER
    assert "Bob" in call("ask", "-c", "My name is Bob.", *greedy)
    assert ANSWER in call("chat", "--plain", *greedy, stdin=f"{QUESTION}\n/quit\n")
    assert call("ask", "--no-such-option", code=2) == ""

    file = folder / "chats.json"
    call("history", "export", "--all", "--format", "json", "-o", file)
    assert len(json.loads(file.read_text("utf-8"))["conversations"]) == 3
    call("history", "check")
    os.environ["GENESIS_CHAT_HOME"] = str(folder / "other")
    call("history", "import", file)
    assert len(json.loads(call("history", "list", "--json"))) == 3

    call("config", "set", "temperature", "0.4")
    assert json.loads(call("config", "get", "temperature", "--json")) == 0.4
    assert [row["name"] for row in json.loads(call("models", "list", "--json"))]
    found = json.loads(call("doctor", "--json"))
    assert found["ok"], found


def main() -> None:
    """Use it in a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GENESIS_CHAT_HOME"] = str(Path(folder) / "home")
        os.environ["PYTHONIOENCODING"] = "utf-8"
        use(Path(folder))
    print("The installed program works.")


if __name__ == "__main__":
    main()
