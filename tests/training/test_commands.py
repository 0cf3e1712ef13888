"""The data of the worked example."""

import json
from pathlib import Path

from genesis_chat.training.data import read_data
from genesis_chat.training.examples.commands import SIZES, everything, splits, write


def test_its_splits_share_nothing_and_answers_are_json(tmp_path: Path) -> None:
    made = splits()
    assert {name: len(pairs) for name, pairs in made.items()} == SIZES
    said = [question for pairs in made.values() for question, _ in pairs]
    assert len(set(said)) == len(said)
    assert all(isinstance(json.loads(answer), dict) for _, answer in everything())
    assert splits(0) == made != splits(1)
    write(tmp_path / "commands")
    data = read_data(tmp_path / "commands")
    assert not data.bad and not data.repeated and not data.shared
    assert {name: len(each) for name, each in data.splits.items()} == SIZES


def test_every_command_has_one_meaning() -> None:
    meanings: dict[str, str] = {}
    for question, answer in everything():
        assert meanings.setdefault(question, answer) == answer
