"""What people pay with and speak in a country, from the package countryinfo."""

from functools import cache

from ..packages import package
from .countries import countries
from .texts import named

_FEWEST_PEOPLE = 2_000_000
# Where the package is out of date, or where its first one is not what people use.
_MONEY = {
    "Croatia": "euro",
    "Lithuania": "euro",
    "Latvia": "euro",
    "Bulgaria": "euro",
    "Cuba": "Cuban peso",
    "El Salvador": "US dollar",
    "Panama": "balboa",
    "Lesotho": "loti",
    "Namibia": "Namibian dollar",
    "Switzerland": "Swiss franc",
    "the United States": "US dollar",
}
_SPOKEN = {
    "the United Kingdom": "English",
    "the United States": "English",
    "Norway": "Norwegian",
    "India": "Hindi",
    "Burundi": "Kirundi",
    "Eritrea": "Tigrinya",
    "Ireland": "English",
    "Madagascar": "Malagasy",
    "Pakistan": "Urdu",
    "the Philippines": "Filipino",
    "Rwanda": "Kinyarwanda",
    "Turkmenistan": "Turkmen",
}
# Two names for one country, or money that changed too often to be sure of.
_LEFT_OUT = ("Belarus", "Zimbabwe", "Venezuela", "Mauritania", "Zambia", "South Sudan")


@cache
def money() -> tuple[tuple[str, str], ...]:
    """Countries and the names of their currencies. Raises `PackageMissingError`."""
    return _found(named("currencies"), "currencies", _MONEY)


@cache
def languages() -> tuple[tuple[str, str], ...]:
    """Countries and their first official language. Raises `PackageMissingError`."""
    return _found(named("languages"), "languages", _SPOKEN)


def _found(
    names: dict[str, str], field: str, corrected: dict[str, str]
) -> tuple[tuple[str, str], ...]:
    by_name = {each.removeprefix("the "): each for each, _ in countries()}
    found = {}
    for each in package("countryinfo").all_countries():
        name = by_name.get(each.name())
        if name is None or name in _LEFT_OUT:
            continue
        if (each.population() or 0) < _FEWEST_PEOPLE:
            continue
        codes = [code for code in getattr(each, field)() or () if code in names]
        if name in corrected:
            found[name] = corrected[name]
        elif codes:
            found[name] = names[codes[0]]
    return tuple(found.items())
