"""A small command language: what a person says to lights and timers, as JSON.

`python -m genesis_chat.training.examples.commands FOLDER` writes 500 examples to train
on, 50 to validate with and 100 for the test, whose commands are in none of the others.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

ROOMS = (
    *("kitchen", "bedroom", "bathroom", "hall", "garage"),
    *("office", "garden", "attic", "cellar", "porch"),
)
COLOURS = ("red", "green", "blue", "white", "yellow", "orange", "pink", "purple")
SWITCHING = (
    "Turn {state} the light in the {room}.",
    "Turn the {room} light {state}.",
    "Please switch {state} the {room} light.",
    "Light {state} in the {room}, please.",
    "Can you switch the {room} light {state}?",
    "The {room} light should be {state}.",
)
COLOURING = (
    "Make the {room} light {colour}.",
    "I want {colour} light in the {room}.",
    "Set the light in the {room} to {colour}.",
    "Please give the {room} {colour} light.",
    "The {room} light should be {colour}.",
)
COUNTS = (2, 3, 5, 10, 15, 20, 30, 40, 45, 50)
TIMING = (
    "Set a timer for {count} {unit}.",
    "Wake me in {count} {unit}.",
    "Tell me when {count} {unit} are over.",
    "Count down {count} {unit}.",
    "Start a timer of {count} {unit}, please.",
)
STOPPING = (
    "Stop the {count} {unit} timer.",
    "Cancel the timer of {count} {unit}.",
    "I no longer need the timer of {count} {unit}.",
)
UNITS = {"seconds": "s", "minutes": "min", "hours": "h"}
SIZES = {"train": 500, "valid": 50, "test": 100}

Pair = tuple[str, str]


def everything() -> Iterator[Pair]:
    """Every command there is, with its answer."""
    for room in ROOMS:
        for state in ("on", "off"):
            for form in SWITCHING:
                yield form.format(state=state, room=room), light(room, state)
        for colour in COLOURS:
            for form in COLOURING:
                yield form.format(colour=colour, room=room), light(room, colour)
    for unit in UNITS:
        for count in COUNTS:
            for form in TIMING:
                yield form.format(count=count, unit=unit), timer("start", count, unit)
            for form in STOPPING:
                yield form.format(count=count, unit=unit), timer("stop", count, unit)


def light(room: str, set_to: str) -> str:
    """The answer to a command about a light."""
    return json.dumps({"light": room, "set": set_to})


def timer(action: str, count: int, unit: str) -> str:
    """The answer to a command about a timer."""
    return json.dumps({"timer": action, UNITS[unit]: count})


def splits(seed: int = 0) -> dict[str, list[Pair]]:
    """The three splits; no command is in two of them."""
    found = sorted(set(everything()))
    draw = random.Random(seed)
    draw.shuffle(found)
    made, start = {}, 0
    for name, size in SIZES.items():
        made[name] = found[start : start + size]
        start += size
    return made


def write(folder: Path, seed: int = 0) -> None:
    """Write them as JSON Lines. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, pairs in splits(seed).items():
        lines = (
            json.dumps({"prompt": said, "completion": answer}) + "\n"
            for said, answer in pairs
        )
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m genesis_chat.training.examples.commands FOLDER")
    write(Path(sys.argv[1]))
