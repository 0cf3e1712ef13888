"""What is told of families without loading a model agrees with loaded ones."""

from collections.abc import Callable

import pytest
from families import COMMON, FAMILIES

from backends.mlx_family.language_model import LanguageModel
from backends.mlx_family.support import SUPPORTED, features, is_supported
from backends.mlx_family.types import has_model

Opened = Callable[[str], LanguageModel]


@pytest.mark.parametrize("family", FAMILIES)
def test_features_are_those_of_a_loaded_model(opened: Opened, family: str) -> None:
    told = features({**COMMON, **FAMILIES[family], "model_type": family})
    assert told is None or told == opened(family).features
    assert is_supported(family)


def test_most_families_tell_without_being_loaded() -> None:
    told = [features({"model_type": name}) for name in FAMILIES]
    assert sum(each is not None for each in told) > len(told) // 2


def test_the_list_names_models_that_there_are() -> None:
    assert [name for name in SUPPORTED if not has_model(name)] == []
    assert not is_supported("nobodys")
    assert features({"model_type": "nobodys"}) is None
