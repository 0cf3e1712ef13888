"""What is no letter is found too: signs, arrows, emoji, alone and beside words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis_chat.history import NewConversation, NewMessage, Store

TEXTS = {
    "euro": "It costs 5 € in Spain.",
    "glued": "It costs 100€ at most.",
    "lira": "It costs 15₺, which is young money.",
    "arrow": "A → B, and B <- C",
    "heart": "I \u2764\ufe0f this",
    "bare": "I \u2764 that",
    "family": "We are \U0001f468\u200d\U0001f469\u200d\U0001f467!",
    "thumb": "Fine\U0001f44d\U0001f3fd",
    "thought": "Hmm\U0001f914\U0001f914 great",
    "flag": "From \U0001f1eb\U0001f1f7",
    "code": "In C++ one writes a->b and x != y, at 50 %.",
    "plain": "In C one writes a struct.",
    "dash": "Well \u2014 no...",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("history") / "history.sqlite3"
    with Store.open(path) as opened:
        opened.insert(
            [
                NewConversation(name, "", [NewMessage("user", text, None)])
                for name, text in TEXTS.items()
            ]
        )
        yield opened


@pytest.mark.parametrize("prefix", [False, True])
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("€", {"euro", "glued"}),
        ("100€", {"glued"}),
        ("costs €", {"euro", "glued"}),
        ("€ spain", {"euro"}),
        ("₺", {"lira"}),
        ("→", {"arrow"}),
        ("<-", {"arrow"}),
        ("->", {"code"}),
        ("!=", {"code"}),
        ("%", {"code"}),
        ("C++", {"code"}),
        ("c++", {"code"}),
        ("\u2764", {"heart", "bare"}),
        ("\u2764\ufe0f", {"heart", "bare"}),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", {"family"}),
        ("\U0001f469", {"family"}),
        ("\U0001f44d", {"thumb"}),
        ("\U0001f44d\U0001f3fd", {"thumb"}),
        ("\U0001f914", {"thought"}),
        ("great \U0001f914", {"thought"}),
        ("\U0001f1eb\U0001f1f7", {"flag"}),
        ("\u2014", {"dash"}),
        ("...", {"dash"}),
        ("¥", set()),
        ("\U0001f980 great", set()),
    ],
)
def test_signs_are_found(
    store: Store, text: str, names: set[str], prefix: bool
) -> None:
    found = store.search(text, prefix=prefix)
    assert {hit.conversation.title for hit in found} == names
    assert all(hit.snippet for hit in found)


@pytest.mark.parametrize(
    ("text", "query", "count"),
    [
        # With the colour form of the sign, and without.
        ("\u732b\u2764\ufe0f", "\u732b\u2764", 1),
        ("\u732b\u2764", "\u732b\u2764\ufe0f", 1),
        ("\u2764\ufe0f\u732b", "\u2764\ufe0f\u732b", 1),
        ("\u2764\u732b", "\u2764\ufe0f\u732b", 1),
        ("a\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525", 1),
        ("\u732b\u2764\ufe0f", "\u72ac\u2764\ufe0f", 0),
        # A letter in one of its forms.
        ("\u845b\u57ce", "\u845b\ufe00\u57ce", 1),
    ],
)
@pytest.mark.parametrize("prefix", [False, True])
def test_either_form_is_found(
    text: str, query: str, count: int, prefix: bool, path: Path
) -> None:
    with Store.open(path) as store:
        store.insert([NewConversation("t", "", [NewMessage("user", text, None)])])
        assert len(store.search(query, prefix=prefix)) == count


@pytest.mark.parametrize("text", ["In, C", "(writes)", "writes.", "well,", "'no'"])
def test_punctuation_around_words_does_not_count(store: Store, text: str) -> None:
    assert store.search(text)


def test_words_with_signs_are_looked_for_in_the_index_first(store: Store) -> None:
    """However long the history is, only what has the word is read."""
    plan = store._connection.execute(
        "EXPLAIN QUERY PLAN SELECT m.* FROM message_text "
        "JOIN message AS m ON m.number = message_text.rowid "
        "WHERE message_text MATCH ? AND instr(m.content, ?)",
        ('"costs"', "€"),
    ).fetchall()
    steps = [row["detail"] for row in plan]
    assert "VIRTUAL TABLE" in steps[0] and "SEARCH m" in steps[1]


def test_signs_in_an_older_history_are_found(tmp_path: Path) -> None:
    """Nothing is migrated for it: the index is the one there was."""
    with Store.open(tmp_path / "h.sqlite3") as store:
        store.insert([NewConversation("t", "", [NewMessage("user", "a → b", None)])])
    with Store.open(tmp_path / "h.sqlite3") as store:
        assert len(store.search("→")) == 1 and store.check() == []


@pytest.mark.parametrize("prefix", [False, True])
def test_a_long_text_is_searched_for(path: Path, prefix: bool) -> None:
    """As when a message is pasted to find where it stands."""
    words = [f"word{number}" for number in range(2000)]
    signs = [chr(0x2190 + number) for number in range(1500)]
    for text in (" ".join(words), " ".join(signs), "same " * 5000, "\u2192 " * 40_000):
        with Store.open(path) as store:
            store.insert([NewConversation("t", "", [NewMessage("user", text, None)])])
            assert [hit.message.content for hit in store.search(text, prefix=prefix)]
            assert not store.search(f"{text} \u2603 nowhere", prefix=prefix)


def test_a_snippet_is_short_whatever_it_is_of(path: Path) -> None:
    """The letters of a picture in a message are one word to the index."""
    picture = "iVBORw0KGgo" * 100_000
    texts = [f"{picture} needle {picture}", f"needle {picture}", picture]
    with Store.open(path) as store:
        for text in texts:
            store.insert([NewConversation("t", "", [NewMessage("user", text, None)])])
        for word, count in [("needle", 2), (picture, 3), (picture[:30], 3)]:
            hits = store.search(word, prefix=True)
            assert len(hits) == count
            assert all(0 < len(hit.snippet) < 500 for hit in hits)
        assert all("needle" in hit.snippet for hit in store.search("needle"))
