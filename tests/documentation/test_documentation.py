"""The documentation names what there is: links, files, commands, options, keys."""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from genesis_chat.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
# A path of the repository, as it stands between backticks.
NAMED = re.compile(r"(?:\./)?((?:\.?[\w{},-]+/)+[\w{},.-]*|[\w-]+\.(?:py|toml|md))")
TOP = {path.name for path in ROOT.iterdir()}
MOST_WORDS, LARGEST_RECORDING = 700, 1_000_000


@cache
def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))


def inline(page: Path) -> Iterator[Token]:
    """Everything inside its paragraphs, headings and tables."""
    for token in tokens(page):
        yield from token.children or ()


def links(page: Path) -> list[str]:
    names = {"link_open": "href", "image": "src"}
    return [
        str(token.attrs[names[token.type]])
        for token in inline(page)
        if token.type in names
    ]


@cache
def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub and MyST make them."""
    found = set()
    for opening, content in zip(tokens(page), tokens(page)[1:], strict=False):
        if opening.type == "heading_open":
            kept = re.sub(r"[^\w\- ]", "", content.content.lower())
            found.add(kept.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            assert link.startswith("https://"), link
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    codes = [t.content for t in inline(page) if t.type == "code_inline"]
    for text in codes:
        named = NAMED.fullmatch(text)
        if named and named[1].partition("/")[0] in TOP and "{" not in text:
            assert (ROOT / named[1]).exists(), text


def options(command: click.Command) -> Iterator[str]:
    for each in command.params:
        if isinstance(each, click.Option):
            yield from (*each.opts, *each.secondary_opts)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from options(below)


def shell_lines(page: Path) -> Iterator[str]:
    """The program's calls in blocks of shell and in the text."""
    for token in tokens(page):
        if token.type == "fence" and token.info == "sh":
            yield from token.content.splitlines()
    for token in inline(page):
        if token.type == "code_inline" and token.content.startswith("genesis-chat "):
            yield token.content


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_exist(page: Path) -> None:
    known = set(options(cli)) | {"--help", "-h", "--version"}
    for line in shell_lines(page):
        _, called, rest = line.partition("genesis-chat ")
        if not called or "install" in line.partition("genesis-chat")[0]:
            continue
        words = re.sub(r"#.*|\"[^\"]*\"", "", rest).split()
        command: click.Command = cli
        for word in words:
            if isinstance(command, click.Group) and word in command.commands:
                command = command.commands[word]
            elif not word.startswith("-"):
                break
        at_root = command is cli
        prompt = '"' in rest or not words or words[0].startswith("-")
        assert not at_root or prompt or words[0].isupper(), line
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= known or command.name == "mlx-lm", line


def test_targets_that_are_shown_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    for page in PAGES:
        shown = {line for line in shell_lines(page) if line.startswith("make ")}
        shown |= {t.content for t in inline(page) if t.content.startswith("make ")}
        for line in shown:
            assert line.split()[1] in targets, line


def test_generated_parts_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.delitem(sys.modules, "generate", raising=False)
    import generate

    assert generate.stale() == [], "run docs/generate.py"
    pages = "".join(page.read_text("utf-8") for page in PAGES)
    assert set(re.findall(r"<!-- generated: ([a-z-]+) -->", pages)) == {*generate.PARTS}


def test_the_readme_is_short_and_its_picture_small() -> None:
    words = (ROOT / "README.md").read_text("utf-8").split()
    assert len(words) <= MOST_WORDS
    recording = ROOT / "assets" / "recording.svg"
    assert recording.stat().st_size <= LARGEST_RECORDING
    picture = recording.read_text("utf-8")
    assert "<script" not in picture and "http" not in picture.replace(
        "http://www.w3.org/2000/svg", ""
    )
