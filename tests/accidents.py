"""Accidents to the bytes of a valid file."""

import json
import random
from collections.abc import Callable
from typing import Any


def spoiled(data: bytes, rng: random.Random) -> bytes:
    """The bytes of a valid file with one or a few accidents."""
    for _ in range(rng.choice([1, 1, 1, 4])):
        data = rng.choice([_flip, _cut, _repeat, _end, _swap, _revalue])(data, rng)
    return data


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice([1, 2, 10, 100, 1000]))


def _flip(data: bytes, rng: random.Random) -> bytes:
    start, _ = _span(data, rng)
    alphabet = b'{}[]",:\\#-0129eENnull \n\r\t\0\x80\xff'
    return data[:start] + bytes([rng.choice(alphabet)]) + data[start + 1 :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice([1, 2, 50]) + data[end:]


def _end(data: bytes, rng: random.Random) -> bytes:
    return data[: _span(data, rng)[0]]


def _swap(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


VALUES: list[Callable[[random.Random], Any]] = [
    lambda rng: None,
    lambda rng: True,
    lambda rng: rng.choice([0, -1, 0.5, 10**18, 10**25, 1e300]),
    lambda rng: float(rng.choice(["nan", "inf"])),
    lambda rng: rng.choice(["", "M0", "user", "\0", "\ud800", "root"]),
    lambda rng: rng.choice([[], {}, [[]], {"a": {}}, ["M0"], [1, "2"]]),
]


def _revalue(data: bytes, rng: random.Random) -> bytes:
    """Another value somewhere in a JSON text, or one less; other texts as they are."""
    lines = data.split(b"\n") if data.count(b'"format"') > 1 else [data]
    at = rng.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except (ValueError, RecursionError):
        return data
    places: list[tuple[Any, Any]] = []
    open_: list[Any] = [value]
    while open_:
        parent = open_.pop()
        if isinstance(parent, dict | list):
            keys = parent if isinstance(parent, dict) else range(len(parent))
            places += [(parent, key) for key in keys]
            open_ += [parent[key] for key in keys]
    if not places:
        return data
    parent, key = rng.choice(places)
    if rng.random() < 0.25:
        del parent[key]
    else:
        parent[key] = rng.choice(VALUES)(rng)
    lines[at] = json.dumps(value).encode()
    return b"\n".join(lines)
