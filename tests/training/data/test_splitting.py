"""Which samples are trained on: the same ones in any order, each content once."""

import json
import random
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from genesis_chat.errors import UsageError
from genesis_chat.training.data import Data, read_data


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    return path


def pairs(*numbers: int) -> list[dict[str, Any]]:
    return [{"prompt": f"{n}?", "completion": f"{n}!"} for n in numbers]


def asked(data: Data) -> list[list[str]]:
    return [[s.turns[0].content for s in part] for part in data.splits.values()]


def test_a_split_depends_on_content_and_seed_alone(tmp_path: Path) -> None:
    given = pairs(*range(50))
    first = read_data(write(tmp_path / "a.jsonl", given))
    assert [len(part) for part in first.splits.values()] == [40, 5, 5]
    assert sorted(chain(*asked(first))) == sorted(f"{n}?" for n in range(50))
    random.Random(0).shuffle(given)
    again = read_data(write(tmp_path / "b.jsonl", given))
    assert asked(again) == asked(first) and again.sha256 == first.sha256
    chats = [
        {
            "messages": [
                {"content": line["prompt"], "role": "user"},
                {"content": line["completion"], "role": "assistant"},
            ]
        }
        for line in given
    ]
    other_form = read_data(write(tmp_path / "c.jsonl", chats))
    assert asked(other_form) == asked(first) and other_form.sha256 == first.sha256
    other_seed = read_data(tmp_path / "a.jsonl", seed=1)
    assert asked(other_seed)[1] != asked(first)[1]
    given[7]["completion"] += " "
    changed = read_data(write(tmp_path / "d.jsonl", given))
    assert changed.sha256 != first.sha256


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(1, [1, 0, 0]), (4, [4, 0, 0]), (5, [3, 1, 1]), (14, [12, 1, 1])],
)
def test_few_samples_are_for_training(
    count: int, sizes: list[int], tmp_path: Path
) -> None:
    data = read_data(write(tmp_path / "a.jsonl", pairs(*range(count))))
    assert [len(part) for part in data.splits.values()] == sizes


def test_at_most_five_hundred_are_held_out(tmp_path: Path) -> None:
    data = read_data(write(tmp_path / "a.jsonl", pairs(*range(6000))))
    assert [len(part) for part in data.splits.values()] == [5000, 500, 500]


def test_duplicates_are_in_one_split_only(tmp_path: Path) -> None:
    spaced = {"prompt": " 1?\n", "completion": "1!"}
    write(tmp_path / "train.jsonl", [*pairs(0, 0, 2, 3, 4), spaced])
    write(tmp_path / "valid.jsonl", pairs(1, 2, 9))
    write(tmp_path / "test.jsonl", pairs(2, 3, 3, 8))
    data = read_data(tmp_path)
    found = [sorted(part) for part in asked(data)]
    assert found == [["0?", "4?"], ["1?", "9?"], ["2?", "3?", "8?"]]
    assert data.repeated == 2 and data.shared == 4 and not data.divided
    assert data.notices == [
        "2 samples that came twice counted once.",
        "4 samples also for validation or the test left out of what is learnt from.",
    ]


def test_other_replies_and_other_letters_are_no_duplicates(tmp_path: Path) -> None:
    given = [
        {"prompt": "a", "completion": "b"},
        {"prompt": "a", "completion": "c"},
        {"prompt": "A", "completion": "b"},
        {"prompt": "a", "completion": "b", "system": "x"},
    ]
    data = read_data(write(tmp_path / "a.jsonl", given))
    assert len(data.splits["train"]) == 4 and not data.notices


def test_which_duplicate_stays_does_not_depend_on_the_order(tmp_path: Path) -> None:
    given = [{"text": " a"}, {"text": "a"}, {"text": "a "}]
    found = {
        read_data(write(tmp_path / "a.jsonl", each)).sha256
        for each in (given, given[::-1], given[1:] + given[:1])
    }
    assert len(found) == 1


def test_what_a_folder_lacks_is_held_out(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", pairs(*range(20)))
    assert [len(p) for p in read_data(tmp_path).splits.values()] == [16, 2, 2]
    write(tmp_path / "test.jsonl", pairs(*range(30, 33)))
    assert [len(p) for p in read_data(tmp_path).splits.values()] == [18, 2, 3]
    write(tmp_path / "valid.jsonl", pairs(*range(40, 43)))
    assert [len(p) for p in read_data(tmp_path).splits.values()] == [20, 3, 3]
    (tmp_path / "test.jsonl").unlink()
    assert [len(p) for p in read_data(tmp_path).splits.values()] == [20, 3, 0]


def test_training_data_that_is_all_held_out_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", pairs(1))
    write(tmp_path / "valid.jsonl", pairs(1, 2))
    with pytest.raises(UsageError, match="nothing to train on"):
        read_data(tmp_path)
