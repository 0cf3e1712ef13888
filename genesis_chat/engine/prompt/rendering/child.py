"""The renderer's process: a template, then one set of variables after the other.

It is started as a file, so that it loads the standard library and jinja2 only. Each
message is a JSON text behind its length (8 bytes, little-endian).
"""

import contextlib
import datetime
import faulthandler
import json
import os
import struct
import sys
from typing import Any, BinaryIO

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox
import jinja2.utils

_LENGTH = struct.Struct("<Q")
MAX_SAID = 200


class Generation(jinja2.ext.Extension):
    """`{% generation %}`, which marks what a model wrote: it prints its body."""

    tags = {"generation"}  # noqa: RUF012 - as the base class has it

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        """The body alone; a block of its own, as a call of a macro would be."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return [jinja2.nodes.Scope(body, lineno=line)]


class Namespace(jinja2.utils.Namespace):
    """jinja2's, without names that begin with an underscore."""

    def __init__(*args: Any, **values: Any) -> None:
        self, *rest = args
        values = dict(*rest, **values)
        for name in values:
            _check_name(name)
        jinja2.utils.Namespace.__init__(self, values)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


class Dictionaries:
    """What templates know as `dict`: it makes them and nothing else."""

    def __call__(self, *args: Any, **values: Any) -> dict[Any, Any]:
        return dict(*args, **values)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """As `dict.fromkeys`."""
        return dict.fromkeys(*args)


def _check_name(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"a namespace cannot hold {name!r}")


def _raise(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def environment() -> jinja2.Environment:
    """jinja2 with what Transformers gives to chat templates.

    The time is the one at which this was called: a conversation must not change
    while it goes on, or all of it would have to be read again at midnight.
    """
    now = datetime.datetime.now()
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Generation, jinja2.ext.loopcontrols],
    )
    made.filters["tojson"] = _to_json
    made.globals["raise_exception"] = _raise
    made.globals["strftime_now"] = now.strftime
    made.globals["dict"] = Dictionaries()
    made.globals["namespace"] = Namespace
    return made


class Template:
    """A compiled template, and the texts that stand in it."""

    def __init__(self, source: str) -> None:
        jinja = environment()
        tree = jinja.parse(source)
        texts = [node.data for node in tree.find_all(jinja2.nodes.TemplateData)]
        for node in tree.find_all(jinja2.nodes.Const):
            if isinstance(node.value, str):
                texts.append(node.value)
        # Nothing is found across two of them.
        self.literals = "\0".join(texts)
        self._template = jinja.from_string(source)

    def render(self, variables: dict[str, Any], limit: int) -> str:
        """The text for these variables, at most `limit` characters."""
        parts, size = [], 0
        for part in self._template.generate(**variables):
            size += len(part)
            if size > limit:
                raise ValueError(f"it writes more than {limit:,} characters")
            parts.append(part)
        return "".join(parts)


def _said(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "it needs too much memory"
    if isinstance(error, RecursionError):
        return "it calls itself without end"
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= MAX_SAID else f"{text[:MAX_SAID]}…"


def answer(asked: dict[str, Any], templates: list[Template]) -> dict[str, Any]:
    """Do what a message asks for: load `source`, or render `renders`."""
    if "source" in asked:
        try:
            templates[:] = [Template(asked["source"])]
        except Exception as error:
            return {"error": _said(error)}
        return {"literals": templates[0].literals}
    found = []
    for variables in asked["renders"]:
        try:
            found.append({"text": templates[0].render(variables, asked["limit"])})
        except Exception as error:
            found.append({"error": _said(error)})
    return {"found": found}


def _limit_memory(limit: int) -> None:
    # Elsewhere the process that started this one watches.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _read(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        # Whoever asked is gone.
        sys.exit(0)
    return data


def main() -> None:
    """Serve until standard input ends, or until something takes too long."""
    outbox = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    inbox = sys.stdin.buffer
    _limit_memory(int(sys.argv[1]))
    templates: list[Template] = []
    with open(os.devnull, "w") as nowhere:
        while True:
            (length,) = _LENGTH.unpack(_read(inbox, _LENGTH.size))
            asked = json.loads(_read(inbox, length))
            # A thread that needs no turn of the interpreter: nothing holds it up.
            faulthandler.dump_traceback_later(asked["seconds"], exit=True, file=nowhere)
            data = json.dumps(answer(asked, templates)).encode()
            faulthandler.cancel_dump_traceback_later()
            outbox.write(_LENGTH.pack(len(data)) + data)
            outbox.flush()


if __name__ == "__main__":
    main()
