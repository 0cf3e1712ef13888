"""What cannot be is refused in a sentence."""

import json
import math
from typing import Any

import numpy as np
import pytest

from backends.mlx_training import Example, TrainingError, TrainingSettings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"method": "qlora"},
            "method must be one of lora, dora, full, ttt, not 'qlora'.",
        ),
        ({"schedule": None}, "schedule must be one of cosine, linear, constant"),
        ({"rank": 0}, "rank must be at least 1, not 0."),
        ({"rank": 8.0}, "rank must be a whole number, not 8.0."),
        ({"steps": True}, "steps must be a whole number, not True."),
        ({"scale": 0}, "scale must be more than 0"),
        ({"dropout": 1}, "dropout must be below 1, not 1."),
        ({"layers": 0}, "layers must be at least 1"),
        ({"layers": "all"}, "layers must be a whole number or none, not 'all'."),
        ({"learning_rate": math.nan}, "learning_rate must be a number, not nan."),
        ({"learning_rate": -1e-4}, "learning_rate must be more than 0, not -0.0001."),
        ({"learning_rate": "1e-4"}, "learning_rate must be a number, not '1e-4'."),
        ({"clip_norm": math.inf}, "clip_norm must be a number or none, not inf."),
        ({"weight_decay": -0.1}, "weight_decay must be at least 0, not -0.1."),
        ({"warmup_steps": 10, "steps": 10}, "must be fewer than the 10 steps, not 10."),
        ({"batch_tokens": 1}, "batch_tokens must be at least 2, not 1."),
        ({"gradient_accumulation": 0}, "gradient_accumulation must be at least 1"),
        ({"gradient_checkpointing": 1}, "must be true or false, not 1."),
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": 2**32}, "seed must be at most 4294967295."),
        ({"max_length": 1}, "max_length must be at least 2"),
        ({"patience": 0}, "patience must be at least 1"),
        ({"save_every": 0}, "save_every must be at least 1"),
    ],
)
def test_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(TrainingError) as caught:
        TrainingSettings(**changes)
    assert words in str(caught.value)


def test_to_json_and_back() -> None:
    chosen = TrainingSettings(method="dora", layers=3, patience=2, learning_rate=1)
    again = TrainingSettings.from_dict(json.loads(json.dumps(chosen.to_dict())))
    assert again == chosen
    assert TrainingSettings.from_dict({}) == TrainingSettings()
    with pytest.raises(TrainingError, match="Unknown settings: epochs, iters"):
        TrainingSettings.from_dict({"iters": 3, "epochs": 2})


@pytest.mark.parametrize(
    ("ids", "targets", "words"),
    [
        ([1], [False], "at least one target, and a token before it"),
        ([1, 2], [True, True], "at least one target, and a token before it"),
        ([1, 2], [False, False], "at least one target"),
        ([1, 2, 3], [False, True], "two rows of the same length"),
        ([[1, 2]], [[False, True]], "two rows of the same length"),
    ],
)
def test_examples_that_teach_nothing(ids: Any, targets: Any, words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        Example(np.array(ids, np.int32), np.array(targets))


def test_examples_of_other_dtypes() -> None:
    with pytest.raises(TrainingError, match="int32 and its targets bool, not int64"):
        Example(np.array([1, 2]), np.array([False, True]))
