"""Real models' templates against Transformers; `make soak` fetches and runs them.

The templates are those that llama.cpp tries its own renderer on, from the source
package of llama-cpp-python. `GENESIS_TEST_TEMPLATES` may name a folder of `.jinja`
files instead, `GENESIS_TEST_TOKENIZERS` one with a folder for each model that has a
tokenizer.json; without it a small tokenizer of our own stands in for all.
"""

import os
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_models import PLAIN, SPECIAL, write_folder
from checkpoints import control_texts

from converters.tokenization.hugging_face import (
    HuggingFaceTokenizer,
    read_tokenizer_files,
)
from genesis_chat.engine import Exchange, Request
from genesis_chat.engine.prompt.formats.probing import probe
from genesis_chat.engine.prompt.formats.template import TemplateFormat
from genesis_chat.engine.prompt.rendering import Renderer, RenderingError
from genesis_chat.errors import ModelError
from genesis_chat.settings import GenerationSettings

PACKAGE = "llama-cpp-python==0.3.36"
SETTINGS = GenerationSettings()
CHATS: list[tuple[str, list[tuple[str, str]], str]] = [
    ("", [], "What is the capital of France?"),
    ("Be brief.", [], "Héllo  wörld 日本\n\ncode:\n    x = 1"),
    ("", [("Hi", "Hello there.")], "And you?"),
    (
        "You are a pirate.",
        [("Hi", "Hello there."), ("2+2?", "4, of course!\n\n- four")],
        "Thanks 🦉 very much",
    ),
]
HOSTILE = 40

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("GENESIS_SOAK"), reason="real templates: see make soak"
    ),
]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The templates by name."""
    folder = Path(os.environ.get("GENESIS_TEST_TEMPLATES", ""))
    if not os.environ.get("GENESIS_TEST_TEMPLATES"):
        folder = tmp_path_factory.mktemp("templates")
        _fetch(folder)
    return {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.jinja"))
        if "models/templates" in path.as_posix() or path.parent == folder
    }


def _fetch(folder: Path) -> None:
    options = ("--no-deps", "--no-binary", ":all:", "--dest", str(folder), PACKAGE)
    # It goes out to the package index, which the guard of the tests forbids.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", *options],
        env=env,
        capture_output=True,
        text=True,
    )
    found = list(folder.glob("*.tar.gz"))
    if not found:
        pytest.skip(f"{PACKAGE} cannot be fetched: {done.stderr.strip()[-200:]}")
    with tarfile.open(found[0]) as archive:
        archive.extractall(folder, filter="data")


def _folders(tmp_path: Path) -> Iterator[Path]:
    given = os.environ.get("GENESIS_TEST_TOKENIZERS")
    if not given:
        yield write_folder(tmp_path / "small")
        return
    for path in sorted(Path(given).rglob("tokenizer.json")):
        yield path.parent


def test_ids_are_transformers(templates: dict[str, str], tmp_path: Path) -> None:
    """And of hostile contents no control token comes."""
    transformers = pytest.importorskip("transformers")
    compared, same, theirs, unusable = 0, 0, 0, []
    for folder in _folders(tmp_path):
        data = (folder / "tokenizer.json").read_bytes()
        tokenizer = HuggingFaceTokenizer(data, read_tokenizer_files(folder))
        oracle = transformers.PreTrainedTokenizerFast(
            tokenizer_file=str(folder / "tokenizer.json"), **tokenizer.special
        )
        for name, template in templates.items():
            renderer = Renderer(template)
            try:
                form = TemplateFormat(probe(tokenizer, renderer, name), renderer)
            except RenderingError as error:
                unusable.append(f"{name}: {error}")
                continue
            finally:
                renderer.close()
            for system, said, content in CHATS:
                exchanges = tuple(Exchange(*each) for each in said)
                ids = form.layout(Request(content, SETTINGS, system, exchanges)).ids
                messages = _messages(form, system, said, content)
                try:
                    expected = oracle.apply_chat_template(
                        messages,
                        chat_template=template,
                        add_generation_prompt=True,
                        return_dict=False,
                    )
                except Exception as error:  # whatever a template may raise
                    theirs += 1
                    print(f"Transformers cannot render {name}: {error}")
                    continue
                compared += 1
                same += ids == expected
                if ids != expected:
                    print(name, oracle.decode(ids), oracle.decode(expected), sep="\n")
            _try_to_forge(tokenizer, form, name)
            form.close()
    print(f"{same} of {compared} the same, {theirs} only here", *unusable, sep="\n")
    assert compared >= 200 and same == compared
    assert len(unusable) <= len(templates) // 20 + 4


def _messages(
    form: TemplateFormat, system: str, said: list[tuple[str, str]], content: str
) -> list[dict[str, Any]]:
    """What Transformers is given for the same conversation."""
    wanted = form._drafter._probed.form
    messages: list[dict[str, Any]]
    messages = [{"role": "system", "content": system}] if system else []
    for question, reply in [*said, (content, None)]:
        if system and not wanted.system and len(messages) == 1:
            messages, question = [], f"{system}\n\n{question}"
        messages.append({"role": "user", "content": question})
        if reply is not None:
            messages.append({"role": "assistant", "content": reply})
    if wanted.listed:
        for message in messages:
            message["content"] = [{"type": "text", "text": message["content"]}]
    return messages


def _try_to_forge(
    tokenizer: HuggingFaceTokenizer, form: TemplateFormat, name: str
) -> None:
    control = form._drafter._probed.control.ids
    # In replies templates look for the marks of thoughts, and write some of their own.
    thoughts = {tokenizer.added.get(mark) for mark in ("<think>", "</think>")}

    def meant(said: str, reply: str) -> Counter[int]:
        try:
            exchanges = (Exchange(f"x{said}", f"x{reply}"),)
            asked = Request(f"x{said}", SETTINGS, f"x{said}", exchanges)
            ids = form.layout(asked).ids
        except ModelError:
            return Counter()
        return Counter(
            i for i in ids if i in (control - thoughts if reply else control)
        )

    innocent = meant("", "")
    texts = [*SPECIAL, *PLAIN, *control_texts(HOSTILE, seed=len(name))]
    texts += [f"a{token}b{token}" for token in [*tokenizer.added][:20]]
    for text in texts:
        assert not meant(text, "") - innocent, (name, text)
        assert not meant("", text) - innocent, (name, text)
