"""Words are found in the open chat, and stand out."""

from collections.abc import Callable

from desk import Desk
from textual.content import Content
from textual.widgets import Static

from genesis_chat.history import Store
from genesis_chat.tui.chat.finding import Finding
from genesis_chat.tui.widgets.message import MessageView
from genesis_chat.tui.widgets.shown import places_of
from genesis_chat.tui.widgets.tints import FOUND

Sit = Callable[..., None]
KEYS = "N above · Shift+N below · Esc close"


def keep(desk: Desk, *texts: str) -> tuple[str, list[str]]:
    """A chat of questions and replies; its id, and those of its messages."""
    with Store.open(desk.path) as store:
        id, parent, ids = store.create(title="Kept").id, None, []
        for number, text in enumerate(texts):
            if number % 2:
                writer = store.begin_reply(id, parent=str(parent))
                writer.append(text)
                writer.finish("complete")
                parent = writer.id
            else:
                parent = store.add(id, "user", text, parent=parent).id
            ids.append(parent)
    return id, ids


def at(desk: Desk) -> str:
    """The id of the message that has the focus."""
    focused = desk.app.focused
    return focused.shown.message.id if isinstance(focused, MessageView) else ""


def standing_out(desk: Desk) -> list[str]:
    """What stands out in the mounted messages, in order."""
    texts = [t.content for v in desk.views for t in v.query(Static)]
    return [
        text.plain[span.start : span.end]
        for text in texts
        if isinstance(text, Content)
        for span in text.spans
        if span.style == FOUND
    ]


async def do(desk: Desk, command: str) -> None:
    desk.chat.composer.write(command)
    await desk.press("escape", "enter")


def test_from_match_to_match(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        words = ["Ein CAFÉ" if n in (3, 50) else f"{n} words" for n in range(60)]
        id, ids = keep(desk, *words)
        await desk.chat.pane.open(id)
        await do(desk, "/find tea")
        await desk.until(lambda: desk.told("No matches for “tea” in this chat."))
        await desk.until(lambda: desk.chat.composer.text == "/find tea")
        await do(desk, "/find cafe ein")
        await desk.until(lambda: at(desk) == ids[50])
        await desk.until(lambda: "cafe ein   4 of 4" in desk.seen())
        # The words come first, the keys end with the row.
        (row,) = (row for row in desk.seen().splitlines() if "4 of 4" in row)
        assert row.rstrip().endswith(KEYS)
        await desk.until(lambda: sorted(standing_out(desk)) == ["CAFÉ", "Ein"])
        # Occurrences are counted, of which there are two in each message.
        await desk.press("n")
        await desk.until(lambda: "   3 of 4" in desk.seen())
        assert at(desk) == ids[50]
        await desk.press("n")
        await desk.until(lambda: at(desk) == ids[3])
        await desk.until(lambda: "   2 of 4" in desk.seen())
        await desk.until(lambda: sorted(standing_out(desk)) == ["CAFÉ", "Ein"])
        await desk.press("n", "n")
        await desk.until(lambda: at(desk) == ids[50])
        await desk.press("N")
        await desk.until(lambda: at(desk) == ids[3])
        await desk.until(lambda: "   1 of 4" in desk.seen())
        await desk.press("escape")
        await desk.until(lambda: desk.chat.composer.has_focus)
        assert standing_out(desk) == [] and KEYS not in desk.seen()
        await desk.press("ctrl+up", "n")
        await desk.until(lambda: desk.told("Nothing to find. Press F7 first."))
        await desk.press("f7", *"59", "enter")
        await desk.until(lambda: at(desk) == ids[59])
        await desk.until(lambda: standing_out(desk) == ["59"])

    sit_down(visit)


def test_words_stand_out_in_every_kind_of_text(sit_down: Sit) -> None:
    reply = "A **fox**.\n\n```py\nfox = 1\n```\n\n| fox | b |\n|-|-|\n| 1 | 2 |"

    async def visit(desk: Desk) -> None:
        id, _ = keep(desk, "Fox?", reply)
        await desk.chat.pane.open(id)
        await desk.press("f6", "f6", "f6", "f6")
        await do(desk, "/find fox")
        await desk.until(lambda: standing_out(desk) == ["Fox", "fox", "fox", "fox"])
        await desk.press("escape")
        await desk.until(lambda: not standing_out(desk))

    sit_down(visit)


def test_what_comes_later_stands_out_too(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        await do(desk, "/find name")
        await desk.until(lambda: "name" in standing_out(desk))
        desk.chat.composer.focus()
        await desk.say("What is my name?")
        await desk.until(lambda: standing_out(desk).count("name") >= 2)
        await desk.press("ctrl+up", "n")
        await desk.until(lambda: " of 1 " not in desk.seen())
        await desk.press("ctrl+n")
        await desk.until(lambda: KEYS not in desk.seen())

    sit_down(visit)


def test_a_match_far_down_in_a_message_is_in_sight(sit_down: Sit) -> None:
    long = "\n".join(f"line {n}" for n in range(400))

    async def visit(desk: Desk) -> None:
        id, ids = keep(desk, f"{long}\nzebra", "\n\n".join([long, "okapi"]))
        await desk.chat.pane.open(id)
        for word, place in (("okapi", 1), ("zebra", 0)):
            await do(desk, f"/find {word}")
            await desk.until(lambda place: at(desk) == ids[place], place)
            await desk.until(lambda word: standing_out(desk) == [word], word)
        view = desk.views[0]
        assert view.check_action("show_more", ()) is False
        await do(desk, "/find okapi")
        pane = desk.chat.transcript
        await desk.until(lambda: "okapi" in seen(desk, pane.region.y, pane.size.height))

    sit_down(visit, size=(80, 24))


def seen(desk: Desk, y: int, height: int) -> str:
    return "\n".join(desk.seen().splitlines()[y : y + height])


def test_the_words_of_the_search_stand_out_in_what_it_found(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        id, ids = keep(desk, "A zebra", "No.", "Two zebras", "Well.")
        await desk.press("ctrl+f", *'"zebra', "enter")
        await desk.until(lambda: desk.open.id == id)
        await desk.until(lambda: at(desk) in (ids[0], ids[2]))
        first = at(desk)
        await desk.until(lambda: standing_out(desk) == ["zebra", "zebra"])
        await desk.press("n")
        await desk.until(lambda: at(desk) not in ("", first))
        await desk.press("escape")
        await desk.until(lambda: not standing_out(desk))

    sit_down(visit)


def test_a_search_begins_where_it_is_told() -> None:
    class Message:
        def __init__(self, id: str, content: str) -> None:
            self.id, self.content = id, content

    branch = [Message(str(n), f"word {n % 2}") for n in range(6)]
    found = Finding('"WORD 1"', branch, "3")  # type: ignore[arg-type]
    assert (found.count, found.number, found.message) == (6, 3, "3")
    found.step(1)
    assert (found.number, found.message, found.nth) == (4, "3", 1)
    # Where it was when the words are looked for again.
    again = Finding('"WORD 1"', branch, "3", 1)  # type: ignore[arg-type]
    assert again.number == 4
    assert Finding("word", branch, "none").message == "5"  # type: ignore[arg-type]


def test_places_of_words() -> None:
    text = "Ein Café, zwei CAFE\u0301S"
    found = [text[start:end] for start, end in places_of('"cafe" ein', text)]
    assert found == ["Café", "CAFE\u0301", "Ein"]
    assert list(places_of('""', text)) == list(places_of("", text)) == []
