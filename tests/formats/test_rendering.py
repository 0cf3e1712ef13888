"""Templates are programs by strangers: they end, and they reach nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genesis_chat.engine.prompt.rendering import Renderer, RenderingError

MEMORY = 2**28
LIMIT = 100_000
# Enough for what ends, on a busy machine too.
PATIENCE_SECONDS = 30.0
# What never ends must not keep the tests waiting.
IMPATIENCE_SECONDS = 1.0

ENDLESS = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}"
    "{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
    "loop without a body": "{% for a in range(99999) if range(99999)|sum < 0 %}"
    "{% endfor %}" * 30,
    "powers": "{{ 10 ** (10 ** 9) }}",
    "calls": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}"
    "{% endmacro %}{{ m(60) }}",
    "nested values": "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}"
    "{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | string | length }}",
}
REFUSED = {
    "recursion": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "without end"),
    "product": ("{{ 'a' * 10 ** 10 }}", "memory"),
    "width": ("{{ '%9999999999d' % 1 }}", "memory"),
    "centre": ("{{ 'a' | center(10 ** 10) }}", "memory"),
    "doubling": (
        "{% set ns = namespace(x='aaaa') %}{% for i in range(60) %}"
        "{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "memory",
    ),
    "list": ("{{ range(10 ** 9) | list }}", "Range too big"),
    "output": ("{% for i in range(999) %}{{ 'x' * 999 }}{% endfor %}", "100,000"),
    "class": ("{{ ''.__class__.__mro__ }}", "unsafe"),
    "globals": ("{{ cycler.__init__.__globals__ }}", "unsafe"),
    "change": ("{{ messages.append(1) }}", "unsafe"),
    "attribute": ("{{ '{0.__class__.__mro__}'.format(1) }}", "unsafe"),
    "include": ("{% include '/etc/passwd' %}", "loader"),
    "namespace": ("{% set n = namespace(_a=1) %}", "_a"),
    "its own": ("{{ raise_exception('No tools here') }}", "No tools here"),
    "undefined": ("{{ nothing.at.all }}", "undefined"),
    "unknown filter": ("{{ 1 | nosuch }}", "nosuch"),
    "syntax": ("{% if %}", "Expected"),
}


def test_what_transformers_gives_templates_is_there() -> None:
    renderer = Renderer(
        "{%- set ns = namespace(found=false) -%}\n"
        "{% for x in [1, 2, 3, 4] %}{% if x == 2 %}{% continue %}{% endif %}"
        "{% if x == 4 %}{% break %}{% endif %}{{ x }}{% set ns.found = true %}"
        "{% endfor %}|{{ ns.found }}|{{ {'é': '<&>', 'b': [none, 1.5]} | tojson }}|"
        "{{ {'b': 1, 'a': 2} | tojson(indent=1, sort_keys=true) }}|"
        "{% generation %}{{ bos_token }}{% endgeneration %}|"
        "{{ dict(a=1).get('a') }}{{ dict.fromkeys('x') }}|"
        "{{ strftime_now('%Y') | int > 2000 }}\n    {% if true %}\n  y\n    {% endif %}"
    )
    (text,) = renderer.render([{"bos_token": "<s>"}], LIMIT)
    assert text == (
        '13|True|{"é": "<&>", "b": [null, 1.5]}|{\n "a": 2,\n "b": 1\n}|<s>|'
        "1{'x': None}|True\n  y\n"
    )
    renderer.close()


def test_literals_are_all_texts_of_a_template() -> None:
    renderer = Renderer("a{% if x == 'b' %}{{ 'c' ~ d }}{% endif %}e")
    assert {"a", "b", "c", "e"} == set(renderer.literals().split("\0"))
    renderer.close()


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_ended(name: str) -> None:
    renderer = Renderer(ENDLESS[name], IMPATIENCE_SECONDS, MEMORY)
    pid = renderer.pid
    with pytest.raises(RenderingError, match=r"does not end|memory"):
        # It compiles at once, or that is what does not end.
        renderer.literals()
        raise_first(renderer.render([{"messages": []}], LIMIT))
    renderer.close()
    assert pid and not Path(f"/proc/{pid}").exists()


def raise_first(found: list[str | RenderingError]) -> None:
    for each in found:
        if isinstance(each, RenderingError):
            raise each


@pytest.mark.parametrize("name", REFUSED)
def test_what_goes_too_far_is_refused(name: str) -> None:
    template, reason = REFUSED[name]
    renderer = Renderer(template, PATIENCE_SECONDS, MEMORY)
    with pytest.raises(RenderingError, match=reason):
        renderer.literals()
        raise_first(renderer.render([{"messages": []}], LIMIT))
    renderer.close()


def test_it_goes_on_after_one_that_failed_or_was_lost() -> None:
    source = "{% if long %}{{ long ** (10 ** 9) }}{% endif %}{{ 1 // number }}"
    renderer = Renderer(source, IMPATIENCE_SECONDS, MEMORY)
    found = renderer.render([{"number": 0}, {"number": 1}], LIMIT)
    assert isinstance(found[0], RenderingError) and found[1] == "1"
    with pytest.raises(RenderingError, match="does not end"):
        renderer.render([{"number": 1, "long": 10}], LIMIT)
    assert renderer.render([{"number": 1}], LIMIT) == ["1"]
    assert renderer.pid
    os.kill(renderer.pid, signal.SIGKILL)
    with pytest.raises(RenderingError):
        renderer.render([{"number": 1}], LIMIT)
    assert renderer.render([{"number": 1}], LIMIT) == ["1"]
    renderer.close()


def test_it_ends_by_itself_when_nobody_is_left_to_end_it() -> None:
    script = (
        "import sys\nfrom genesis_chat.engine.prompt.rendering import Renderer\n"
        "renderer = Renderer(sys.argv[1], 2.0)\nrenderer.render([{}], 9)\n"
        "print(renderer.pid, flush=True)\n"
        "renderer.render([{'base': 10}], 9)\n"
    )
    template = "{% if base %}{{ base ** (10 ** 9) }}{% endif %}"
    command = [sys.executable, "-P", "-c", script, template]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
    gone(pid)


def gone(pid: int | None) -> None:
    """Wait until a process is no longer there, or only waited for."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if (
                Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                == "Z"
            ):
                return
        except OSError:
            return
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_long_complaint_is_cut() -> None:
    renderer = Renderer("{{ raise_exception('No\n' * 999) }}")
    (found,) = renderer.render([{}], LIMIT)
    assert isinstance(found, RenderingError)
    assert len(str(found)) < 300 and "\n" not in str(found)
    renderer.close()


def test_nothing_is_left_when_it_is_dropped() -> None:
    renderer = Renderer("x")
    assert renderer.render([{}], LIMIT) == ["x"]
    pid = renderer.pid
    del renderer
    gone(pid)
