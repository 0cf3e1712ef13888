"""Packages that are not there are named in one sentence."""

import sys

import pytest

from genesis_chat.training.builtin.lists import countries
from genesis_chat.training.builtin.packages import PackageMissingError, package


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "countryinfo", None)
    with pytest.raises(PackageMissingError) as found:
        package("countryinfo")
    text = str(found.value)
    assert "countryinfo" in text and "--group builtin" in text
    assert text.count(".") == 1 and text.endswith(").")


def test_it_is_read_only_when_a_country_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "countryinfo", None)
    countries.countries.cache_clear()
    with pytest.raises(PackageMissingError):
        countries.countries()
    monkeypatch.undo()
    assert ("France", "Paris") in countries.countries()


def test_countries_of_today() -> None:
    found = dict(countries.countries())
    assert found["Kazakhstan"] == "Astana"
    assert found["Eswatini"] == "Mbabane"
    assert found["Brazil"] == "Brasilia"
    assert "Burma" not in found
    assert len(found) > 170


def test_no_capital_is_that_of_two_countries() -> None:
    capitals_found = [capital for _, capital in countries.countries()]
    assert len(set(capitals_found)) == len(capitals_found)
