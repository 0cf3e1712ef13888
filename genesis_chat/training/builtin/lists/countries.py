"""Countries and their capitals, from the package countryinfo."""

import unicodedata
from functools import cache

from ..packages import package

# Below this it is small islands for the most part.
_FEWEST_PEOPLE = 100_000
# Where the package is out of date, or has a name that few people use; no country
# where it has a territory or a country of the past.
_TODAY = {
    "Burundi": ("Burundi", "Gitega"),
    "Kazakhstan": ("Kazakhstan", "Astana"),
    "United States": ("United States", "Washington"),
    "Grenada": ("Grenada", "Saint George's"),
    "Swaziland": ("Eswatini", "Mbabane"),
    "Republic of Macedonia": ("North Macedonia", "Skopje"),
    "Serbia and Montenegro": None,
    "Burma": None,
    "Aruba": None,
    "French Guiana": None,
    "French Polynesia": None,
    "Guadeloupe": None,
    "Guam": None,
    "Hong Kong": None,
    "Martinique": None,
    "Mayotte": None,
    "New Caledonia": None,
    "Puerto Rico": None,
    "R\N{LATIN SMALL LETTER E WITH ACUTE}union": None,
    "Western Sahara": None,
}
_WITH_ARTICLE = (
    "Netherlands",
    "Philippines",
    "United Arab Emirates",
    "United Kingdom",
    "United States",
    "Czech Republic",
    "Dominican Republic",
    "Central African Republic",
    "Comoros",
    "Solomon Islands",
    "Federated States of Micronesia",
    "Democratic Republic of the Congo",
    "Republic of the Congo",
)
# Other names that people use.
ALSO_CALLED = (
    ("the USA", "Washington"),
    ("America", "Washington"),
    ("the UK", "London"),
    ("Great Britain", "London"),
    ("England", "London"),
    ("Czechia", "Prague"),
    ("Holland", "Amsterdam"),
)


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Countries, as they stand after "of", with their capitals, both in ASCII.

    Raises `PackageMissingError`.
    """
    found = []
    for each in package("countryinfo").all_countries():
        name, capital = each.name(), each.capital()
        if not isinstance(capital, str) or (each.population() or 0) < _FEWEST_PEOPLE:
            continue
        today = _TODAY.get(name, (name, capital))
        if today and all(today):
            name, capital = map(_in_ascii, today)
            if name in _WITH_ARTICLE:
                name = f"the {name}"
            found.append((name.replace("The ", "the "), capital))
    return tuple(dict.fromkeys(found))


def _in_ascii(text: str) -> str:
    """A name without the marks on its letters."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
