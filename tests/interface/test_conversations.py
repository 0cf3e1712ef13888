"""The list of conversations: search, titles, pins, trash, export."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from desk import Desk
from textual.content import Content
from textual.widgets import Button, Input, OptionList, TextArea

from genesis_chat.history import Conversation, NewConversation, Store

Sit = Callable[..., None]
TIME = r" (\d\d:\d\d|\d+ [A-Z][a-z]{2}|[A-Z][a-z]{2}|\d d) $"
BOB, CAT = "My name is Bob.", "Do you like my cat?"


def listed(desk: Desk) -> list[str]:
    rows = desk.chat.chats.query_one("ConversationList", OptionList).options
    # Without the bar before the one that is open, and without times.
    return [re.sub(TIME, "", str(row.prompt)).strip("▌ \n") for row in rows]


def conversations(desk: Desk, *, deleted: bool = False) -> list[Conversation]:
    with Store.open(desk.path) as store:
        return store.conversations(deleted=deleted)


async def command(desk: Desk, text: str) -> None:
    desk.chat.composer.write(text)
    await desk.press("enter")


async def two_chats(desk: Desk) -> None:
    await desk.say(BOB)
    await desk.press("ctrl+n")
    await desk.say(CAT)
    await desk.until(lambda: listed(desk) == ["Today", CAT, BOB])


def test_chats_are_listed_by_day_with_titles_of_their_first_words(
    sit_down: Sit,
) -> None:
    async def visit(desk: Desk) -> None:
        assert listed(desk) == ["No chats yet"]
        await two_chats(desk)

    sit_down(visit)


def test_search_jumps_to_the_message(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await two_chats(desk)
        await desk.press("ctrl+f", *"bob")
        await desk.until(lambda: "Titles" in listed(desk))
        assert any("Bob" in row for row in listed(desk))
        assert not any("cat" in row for row in listed(desk))
        # Past the title, to the message.
        await desk.press("down", "enter")
        await desk.until(lambda: BOB in desk.texts)
        await desk.until(lambda: desk.app.focused in desk.views)
        await desk.press("ctrl+f", *"zebra")
        await desk.until(lambda: listed(desk) == ["No matches for “zebra”"])
        await desk.press("escape")
        await desk.until(lambda: listed(desk)[0] == "Today")
        await desk.press("escape")
        assert desk.chat.composer.has_focus

    sit_down(visit)


def test_enter_does_not_wait_for_what_is_found(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        with Store.open(desk.path) as store:
            for title in (CAT, "Un café, s'il vous plaît"):
                id = store.create(title=title).id
                store.add(id, "user", title, parent=None)
        await desk.pilot.press("ctrl+f", *"plait", "enter")
        await desk.until(lambda: desk.texts == ["Un café, s'il vous plaît"])
        # Where the search ignores accents so do the marks.
        found = desk.chat.chats.query_one(OptionList).options[-1].prompt
        assert isinstance(found, Content)
        marks = [found.plain[span.start : span.end] for span in found.spans]
        assert "plaît" in marks
        for odd in ('"', "*", "NEAR(", "-x", "🎉", "\u202e", '"un caf'):
            desk.chat.chats.query_one(Input).value = odd
            await desk.until(lambda: "Titles" not in listed(desk))
        assert not desk.app._notifications

    sit_down(visit)


def test_a_list_that_is_renewed_leaves_the_choice_alone(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await two_chats(desk)
        rows = desk.chat.chats.query_one("ConversationList", OptionList)
        rows.focus()
        await desk.press("down")
        assert rows.highlighted == 2
        with Store.open(desk.path) as store:
            march = 1_709_294_400_000
            store.insert(
                [NewConversation(t, "", created=march) for t in ("older", "old")]
            )
        desk.chat.chats.reload()
        await desk.until(lambda: "older" in listed(desk))
        # Imported last, and yet below what is newer.
        assert listed(desk) == ["Today", CAT, BOB, "March 2024", "old", "older"]
        assert rows.highlighted == 2

    sit_down(visit)


def test_a_found_message_in_another_version_is_shown(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.press("ctrl+up", "up", "e")
        await desk.until(lambda: desk.app.screen is not desk.chat)
        desk.app.screen.query_one(TextArea).text = CAT
        await desk.turn("ctrl+s")
        assert desk.texts[0] == CAT
        await command(desk, "/search Bob")
        await desk.until(lambda: "Messages" in listed(desk))
        place = next(n for n, row in enumerate(listed(desk)) if BOB in row and n > 1)
        desk.chat.chats.query_one(OptionList).highlighted = place
        desk.chat.chats.query_one(OptionList).focus()
        await desk.press("enter")
        await desk.until(lambda: desk.texts and desk.texts[0] == BOB)

    sit_down(visit)


def test_rename_pin_and_trash_from_the_list(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await two_chats(desk)
        rows = desk.chat.chats.query_one("ConversationList", OptionList)
        rows.focus()
        rows.highlighted = 2
        await desk.press("p")
        await desk.until(lambda: listed(desk) == ["Pinned", BOB, "Today", CAT])
        rows.highlighted = 1
        await desk.press("r")
        await desk.until(lambda: desk.app.screen is not desk.chat)
        desk.app.screen.query_one(Input).value = "A new [b]title[/b]"
        await desk.press("enter")
        await desk.until(lambda: "A new [b]title[/b]" in listed(desk))
        rows.focus()
        rows.highlighted = 1
        await desk.press("p")
        await desk.until(lambda: "Pinned" not in listed(desk))
        rows.highlighted = 1
        await desk.press("delete")
        await desk.until(lambda: len(listed(desk)) == 2)
        assert len(conversations(desk, deleted=True)) == 1
        await desk.press("ctrl+t")
        await desk.until(lambda: len(listed(desk)) == 3)
        assert not conversations(desk, deleted=True)

    sit_down(visit)


def test_what_is_in_the_trash_can_be_taken_out_later(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await command(desk, "/trash")
        await desk.until(lambda: "The trash is empty" in desk.seen())
        await two_chats(desk)
        await command(desk, "/delete")
        await desk.until(lambda: listed(desk) == ["Today", BOB])
        assert desk.texts == []
        await command(desk, "/trash")
        await desk.until(lambda: "Enter restore" in desk.seen())
        await desk.press("enter")
        await desk.until(lambda: desk.texts[:1] == [CAT])
        await desk.until(lambda: CAT in listed(desk))

    sit_down(visit)


def test_titles_are_set_with_a_command(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await command(desk, "/title Too early")
        await desk.until(lambda: desk.told("Send a message first."))
        await desk.say(BOB)
        await command(desk, "/title About Bob")
        await desk.until(lambda: "About Bob" in listed(desk))
        assert conversations(desk)[0].title == "About Bob"

    sit_down(visit)


def test_export_writes_a_file_and_asks_before_replacing_one(
    sit_down: Sit, tmp_path: Path
) -> None:
    target = tmp_path / "chat.json"

    async def visit(desk: Desk) -> None:
        await command(desk, f"/export {target}")
        await desk.until(lambda: desk.told("Send a message first."))
        await desk.say(BOB)
        await command(desk, f"/export {target}")
        await desk.until(target.exists)
        assert BOB in target.read_text(encoding="utf-8")
        json.loads(target.read_text(encoding="utf-8"))
        target.write_text("mine")
        await command(desk, f"/export {target}")
        await desk.until(lambda: "Replace it?" in desk.seen())
        await desk.press("n")
        assert target.read_text() == "mine"
        await command(desk, f"/export {tmp_path / 'chat.exe'}")
        await desk.until(lambda: desk.told("must end in .md"))
        await command(desk, f"/export {tmp_path / 'gone' / 'chat.md'}")
        await desk.until(lambda: desk.told("gone"))
        assert not (tmp_path / "gone").exists()

    sit_down(visit)


def test_new_chats_and_the_list_have_a_key(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("ctrl+b")
        assert not desk.chat.chats.display
        await desk.press("ctrl+b")
        assert desk.chat.chats.display
        await desk.say(BOB)
        await desk.press("ctrl+n")
        assert desk.texts == [] and desk.chat.composer.has_focus

    sit_down(visit)


def test_drafts_outlast_the_trash(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        first = desk.stored()[0].conversation
        await desk.press("ctrl+n")
        await desk.press(*"of the new chat")
        await desk.chat.pane.open(first)
        await desk.press(*"of the old one")
        await desk.chat.action_delete_chat()
        await desk.until(lambda: desk.open.conversation is None)
        await desk.until(lambda: desk.chat.composer.text == "of the new chat")
        await desk.press("ctrl+t")
        await desk.until(lambda: desk.open.conversation is not None)
        await desk.until(lambda: desk.chat.composer.text == "of the old one")

    sit_down(visit)


def test_a_long_title_leaves_room_for_others(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        await desk.chat.chats.organizer.set_title(
            desk.stored()[0].conversation, "word " * 100
        )
        listed = desk.chat.chats.query_one("#conversations", OptionList)
        await desk.until(lambda: "word" in str(listed.options[-1].prompt))
        assert listed.virtual_size.height <= 4

    sit_down(visit)


def test_a_screen_that_becomes_narrow_has_room_for_the_chat(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        assert desk.chat.chats.display
        await desk.pilot.resize_terminal(60, 20)
        await desk.until(lambda: not desk.chat.chats.display)
        assert desk.chat.composer.size.width > 40
        await desk.press("ctrl+b")
        assert desk.chat.chats.display

    sit_down(visit)


def test_the_trash_is_emptied_only_after_a_question(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await two_chats(desk)
        kept = desk.stored()[0].conversation
        first = next(c.id for c in conversations(desk) if c.id != kept)
        await desk.chat.chats.organizer.trash(first)
        for answer, left in (("n", 1), ("y", 0)):
            desk.chat.action_trash()
            await desk.until(lambda: "Empty trash" in desk.seen())
            desk.app.screen.query_one("#empty", Button).press()
            await desk.until(lambda: "Permanently delete 1 chat?" in desk.seen())
            await desk.press(answer)
            await desk.until(lambda: "Permanently delete 1 chat?" not in desk.seen())
            await desk.until(
                lambda left: len(conversations(desk, deleted=True)) == left, left
            )
            await desk.press("escape")
        assert [c.id for c in conversations(desk)] == [kept]

    sit_down(visit)
