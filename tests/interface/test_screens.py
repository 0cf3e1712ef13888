"""Settings, system prompts, models, themes, the palette, keys and sizes."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desk import WARNING, Desk
from textual.widgets import Button, Input, OptionList, ProgressBar, Static, TextArea
from turns import GREEDY

from genesis_chat.config import load
from genesis_chat.errors import ModelError
from genesis_chat.history import Store
from genesis_chat.model_choice import ModelChoice
from genesis_chat.paths import models_directory
from genesis_chat.settings import GenerationSettings
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.app import run as run_interface
from genesis_chat.tui.messages import ModelFailed
from genesis_chat.tui.services import download
from genesis_chat.tui.services.turns import Turns
from genesis_chat.tui.start import Start

Sit = Callable[..., None]
BOB = "My name is Bob."


async def command(desk: Desk, text: str) -> None:
    desk.chat.composer.write(text)
    await desk.press("enter")


async def dialog(desk: Desk, *keys: str) -> None:
    await desk.press(*keys)
    await desk.until(lambda: desk.app.screen is not desk.chat)
    await desk.pilot.pause()


async def closed(desk: Desk) -> None:
    await desk.until(lambda: desk.app.screen is desk.chat)
    await desk.pilot.pause()


def told(desk: Desk, text: str) -> bool:
    return any(text in each.message for each in desk.app._notifications)


def test_what_a_model_has_to_say_of_itself_is_shown(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: told(desk, WARNING))
        assert desk.app.model and desk.app.model.warnings == (WARNING,)

    sit_down(visit, model="warned of")


def test_settings_belong_to_the_chat_and_show_the_defaults(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await dialog(desk, "f4")
        # All but `thinking`, which this model has no use for.
        assert desk.seen().count("same as default") == 8
        desk.app.screen.query_one("#temperature", Input).value = "0.5"
        await desk.until(lambda: desk.seen().count("same as default") == 7)
        assert "default 0" in desk.seen()
        await desk.press("ctrl+s")
        await closed(desk)
        assert desk.chat.settings.temperature == 0.5
        with Store.open(desk.path) as store:
            kept = store.latest()
            assert kept and dict(kept.settings) == {"temperature": 0.5}
        await desk.press("ctrl+n")
        assert desk.chat.settings.temperature == 0
        assert kept
        await desk.chat.open(kept.id)
        assert desk.chat.settings.temperature == 0.5
        await dialog(desk, "f4")
        desk.app.screen.query_one("#temperature", Input).value = "-3"
        await desk.press("ctrl+s")
        await desk.until(lambda: "temperature" in str(problem(desk)))
        assert desk.app.screen is not desk.chat
        await desk.press("escape")
        await closed(desk)
        assert desk.chat.settings.temperature == 0.5

    sit_down(visit)


def problem(desk: Desk) -> object:
    return desk.app.screen.query_one("#problem", Static).render()


def test_settings_can_be_changed_while_the_seed_is_open(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await command(desk, "/set max_tokens 3")
        await desk.until(lambda: desk.chat.changed == {"max_tokens": 3})
        await dialog(desk, "f4")
        desk.app.screen.query_one("#top_k", Input).value = "9"
        await desk.press("ctrl+s")
        await closed(desk)
        assert desk.chat.changed == {"max_tokens": 3, "top_k": 9}

    sit_down(visit, settings=GenerationSettings())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/set top_p 7", "top_p"),
        ("/set temperature warm", "temperature"),
        ("/set colour red", "colour"),
        ("/set top_k", "top_k"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(
    sit_down: Sit, text: str, says: str
) -> None:
    async def visit(desk: Desk) -> None:
        await command(desk, text)
        await desk.until(lambda: told(desk, says))
        assert not desk.chat.changed

    sit_down(visit)


def test_a_system_prompt_of_the_chat_from_a_named_one(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await dialog(desk, "f3")
        rows = desk.app.screen.query_one(OptionList)
        names = [str(row.prompt) for row in rows.options]
        rows.focus()
        rows.highlighted = names.index("teacher")
        await desk.press("enter")
        area = desk.app.screen.query_one(TextArea)
        await desk.until(lambda: area.text and area.has_focus)
        area.text += "\nBe kind."
        await desk.press("ctrl+s")
        await closed(desk)
        await desk.say("Hello!")
        with Store.open(desk.path) as store:
            kept = store.latest()
            assert kept and kept.system.endswith("Be kind.")
        await command(desk, "/system You are a cat.")
        await desk.until(lambda: told(desk, "system prompt is set"))
        with Store.open(desk.path) as store:
            kept = store.latest()
            assert kept and kept.system == "You are a cat."
        await dialog(desk, "f3")
        desk.app.screen.query_one(TextArea).text = "never mind"
        await desk.press("escape")
        await desk.until(lambda: "Throw away" in desk.seen())
        await desk.press("n")
        await desk.until(lambda: "never mind" in desk.seen())
        await desk.press("escape")
        await desk.until(lambda: "Throw away" in desk.seen())
        await desk.press("y")
        await closed(desk)
        assert desk.chat.system == "You are a cat."

    sit_down(visit)


def test_the_first_start_offers_the_builtin_model_or_the_full_one(
    sit_down: Sit,
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: "Which model shall it be?" in desk.seen())
        await desk.until(lambda: "builtin" in desk.seen())
        assert "Download Genesis-152M" in desk.seen()
        assert desk.app.model is None
        await desk.press("enter")
        await desk.until(lambda: desk.app.model)
        await closed(desk)
        await desk.say(BOB)
        assert len(desk.stored()) == 2
        # The next start does not ask again.
        await desk.until((models_directory() / "default").exists)

    sit_down(visit, first=True)


def test_a_download_goes_on_while_one_chats(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, asked = threading.Semaphore(0), threading.Event()

    def install(source: str, name: str, *, progress: Callable[..., None]) -> None:
        asked.set()
        for done in range(0, 101, 10):
            step.acquire(timeout=30)
            progress("Downloading", done * 2**20, 100 * 2**20)

    monkeypatch.setattr(download, "install", install)
    monkeypatch.setattr(download, "SPEED_SECONDS", 0.0)

    async def visit(desk: Desk) -> None:
        await dialog(desk, "f2")
        await desk.until(lambda: "Download Genesis-152M" in desk.seen())
        desk.app.screen.query_one("#fetch", Button).press()
        await desk.until(asked.is_set)
        for _ in range(5):
            step.release()
        await desk.until(lambda: "40%" in desk.seen() and "/s" in desk.seen())
        assert desk.app.screen.query_one(ProgressBar).display
        await desk.press("escape")
        await closed(desk)
        await desk.say(BOB)
        assert len(desk.stored()) == 2
        step.release()
        await desk.until(lambda: "Downloading: 50%" in desk.seen())
        await dialog(desk, "f2")
        await desk.until(lambda: "Stop" in desk.seen())
        desk.app.screen.query_one("#fetch", Button).press()
        await desk.until(lambda: "Stopping" in desk.seen())
        step.release()
        await desk.until(lambda: "goes on the next time" in desk.seen())
        assert not desk.app.download.running

    sit_down(visit)


def test_the_small_model_is_offered_too(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, asked = threading.Semaphore(0), []

    def install(source: str, name: str, **options: Any) -> None:
        asked.append((source, name, options["packaged"]))
        options["progress"]("download", 1, 2)
        step.acquire(timeout=30)

    monkeypatch.setattr(download, "install", install)

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: "Download SmolLM2-135M" in desk.seen())
        assert "Download Genesis-152M" in desk.seen()
        desk.app.screen.query_one("#fetch-smollm2", Button).press()
        await desk.until(lambda: "Stop" in desk.seen())
        # One at a time.
        assert "Download Genesis-152M" not in desk.seen()
        step.release()
        await desk.until(lambda: "smollm2 is ready" in desk.seen())
        assert asked == [("smollm2", "smollm2", True)]

    sit_down(visit, first=True)


def test_a_download_that_fails_says_why(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(source: str, name: str, **options: Any) -> None:
        raise ModelError("The Hub cannot be reached; check the network.")

    monkeypatch.setattr(download, "install", install)

    async def visit(desk: Desk) -> None:
        await dialog(desk, "f2")
        await desk.until(lambda: "Download Genesis-152M" in desk.seen())
        desk.app.screen.query_one("#fetch", Button).press()
        await desk.until(lambda: "cannot be reached" in desk.seen())
        await desk.press("escape")
        await closed(desk)
        await desk.say(BOB)

    sit_down(visit)


def test_the_theme_is_kept_for_the_next_start(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await command(desk, "/theme textual-light")
        await desk.until(lambda: desk.app.theme == "textual-light")
        await desk.until(lambda: load().theme == "textual-light")
        await command(desk, "/theme mauve")
        await desk.until(lambda: told(desk, "There is no theme 'mauve'"))

    sit_down(visit)


def test_an_unknown_theme_in_the_settings_file_is_told(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: told(desk, "There is no theme 'mauve'"))
        await desk.say(BOB)

    sit_down(visit, theme="mauve")


def test_everything_is_in_the_palette(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        titles = {c.title for c in desk.app.get_system_commands(desk.chat)}
        assert titles >= {
            "New chat",
            "Search",
            "Models",
            "System prompt",
            "Settings",
            "Mixers",
            "Regenerate",
            "Continue",
            "Copy reply",
            "Rename chat",
            "Pin chat",
            "Export chat",
            "Delete chat",
            "Trash",
            "Undo delete",
            "Editor",
            "Theme",
            "Quit",
        }
        await desk.press("ctrl+p", *"system prompt")
        await desk.until(lambda: "Edit this chat's system prompt" in desk.seen())
        await desk.press("enter")
        await desk.until(lambda: "System prompt of this chat" in desk.seen())

    sit_down(visit)


def test_help_lists_the_keys_as_they_are(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await dialog(desk, "f1")
        row = next(r for r in desk.seen().splitlines() if "Mixers" in r)
        assert "f9" in row and "f5" not in row
        await desk.press("escape")
        await closed(desk)
        await desk.press("f9")
        assert desk.chat.panel.display

    sit_down(visit, keys={"chat.mixers": "f9"}, size=(120, 50))


def test_a_key_for_no_action_is_told(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: told(desk, "did you mean 'chat.mixers'?"))
        await desk.until(lambda: told(desk, "there are: app.help, app.models,"))

    sit_down(visit, keys={"chat.mixer": "f9", "zzz": "f9", "chats.pin": "f8"})


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 12)])
def test_it_works_in_any_size(sit_down: Sit, size: tuple[int, int]) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        assert "Bob" in desk.seen()
        for key in ("f1", "f2", "f3", "f4"):
            await dialog(desk, key)
            inside = desk.app.screen.query_one(".dialog").region
            assert inside.right <= size[0] and inside.bottom <= size[1]
            await desk.press("escape")
            await closed(desk)
        composer = desk.chat.composer.region
        assert composer.bottom < size[1] and composer.height >= 1
        await desk.pilot.resize_terminal(size[0] + 30, size[1] + 10)
        await desk.say("What is my name?")
        assert len(desk.stored()) == 4

    sit_down(visit, size=size)


def test_a_person_without_colours_sees_what_has_the_focus(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        before = desk.seen()
        await desk.press("ctrl+up")
        await desk.until(lambda: " tokens\n" in desk.seen() or desk.seen() != before)

    sit_down(visit)


@pytest.mark.parametrize("key", ["f3", "e"])
def test_leaving_asks_before_it_throws_away(sit_down: Sit, key: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        if key == "e":
            await desk.press("ctrl+up", "up")
        await dialog(desk, key)
        await desk.press(*"precious", "ctrl+q")
        await desk.until(lambda: "Throw away" in desk.seen())
        # Whoever presses Enter without reading loses nothing.
        await desk.press("enter")
        await desk.until(lambda: "Throw away" not in desk.seen())
        assert desk.app.screen.query_one(TextArea).text.endswith("precious")
        assert desk.app.is_running

    sit_down(visit)


def test_the_settings_take_keys_at_once_and_say_what_is_the_default(
    sit_down: Sit,
) -> None:
    async def visit(desk: Desk) -> None:
        await command(desk, "/set max_tokens 3")
        await desk.until(lambda: desk.chat.changed == {"max_tokens": 3})
        await dialog(desk, "f4")
        assert isinstance(desk.app.focused, Input)
        desk.app.screen.query_one("#top_p", Input).value = "much"
        await desk.pilot.pause()
        for name, says in (
            ("max_tokens", f"default {GREEDY.max_tokens}"),
            ("top_p", f"default {GREEDY.top_p}"),
            ("top_k", "same as default"),
        ):
            state = desk.app.screen.query_one(f"#state-{name}", Static)
            assert str(state.content).startswith(says), name

    sit_down(visit)


def test_a_reply_may_be_as_long_as_fits_and_seeds_are_bounded(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await command(desk, "/set max_tokens 3")
        await desk.until(lambda: desk.chat.changed == {"max_tokens": 3})
        await dialog(desk, "f4")
        length, seed = (
            desk.app.screen.query_one(f"#{name}", Input)
            for name in ("max_tokens", "seed")
        )
        length.value, seed.value = "auto", str(2**63)
        await desk.press("ctrl+s")
        problem = desk.app.screen.query_one("#problem", Static)
        assert str(2**63 - 1) in str(problem.content)
        seed.value = str(2**63 - 1)
        await desk.press("ctrl+s")
        changed = {"max_tokens": None, "seed": 2**63 - 1}
        await desk.until(lambda: desk.chat.changed == changed)
        for wrong in ("-1", str(2**64)):
            await command(desk, f"/set seed {wrong}")
        assert desk.chat.changed == changed
        await command(desk, "/set seed none")
        await desk.until(
            lambda: desk.chat.changed == {"max_tokens": None, "seed": None}
        )
        await command(desk, "/set max_tokens 3")
        await command(desk, "/set max_tokens auto")
        await desk.until(
            lambda: desk.chat.changed == {"max_tokens": None, "seed": None}
        )
        await desk.say(BOB)
        (chat,) = [c for c in Store.open(desk.path).conversations()]
        assert chat.settings == {"max_tokens": None, "seed": None}
        receipt = desk.stored()[-1].receipt
        assert receipt and receipt.settings["max_tokens"] == 512

    sit_down(visit)


def test_a_seed_that_an_older_version_took_is_left_out(
    sit_down: Sit, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = store.create(title="Old", system="")
        store.add(chat.id, "user", "hello", parent=None)
        store.set_settings(chat.id, {"seed": 2**64 + 5, "top_k": 7})

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.chat.changed == {"top_k": 7})
        assert any("seed" in n.message for n in desk.app._notifications)

    sit_down(visit, conversation=chat.id)


def test_a_prompt_that_cannot_be_read_hides_none(
    sit_down: Sit, private_home: Path
) -> None:
    folder = private_home / "prompts"
    folder.mkdir(parents=True)
    (folder / "latin.md").write_bytes("Réponds.".encode("latin-1"))
    (folder / "folder.md").mkdir()
    (folder / "good.md").write_text("Good.")

    async def visit(desk: Desk) -> None:
        await dialog(desk, "f3")
        offered = desk.app.screen.query_one(OptionList)
        ids = {option.id for option in offered.options}
        assert {"good", "teacher"} <= ids and not {"latin", "folder"} & ids
        told = " ".join(n.message for n in desk.app._notifications)
        assert "latin.md" in told and "folder.md" in told

    sit_down(visit)


def test_a_wrong_name_does_not_cost_the_model_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    turns = Turns(told.append, tmp_path / "history.sqlite3")
    try:
        turns.open_model(ModelChoice("builtin")).result()
        turns.open_model(ModelChoice("nosuch")).result()
        (failed,) = [each for each in told if isinstance(each, ModelFailed)]
        assert "nosuch" in failed.sentence
        assert failed.still and failed.still.name == "builtin"
        assert turns.memory()
        monkeypatch.setattr("subprocess.Popen", None)
        turns.open_model(ModelChoice("builtin")).result()
        assert isinstance(told[-1], ModelFailed) and told[-1].still is None
        assert "Unexpected TypeError" in told[-1].sentence
    finally:
        turns.close()


def test_a_model_that_fails_while_it_loads_is_told(tmp_path: Path) -> None:
    class Fails:
        @property
        def model(self) -> object:
            raise ModelError("There is not enough memory.")

        def close(self) -> None: ...

    told: list[Any] = []
    turns = Turns(told.append, tmp_path / "history.sqlite3", lambda *_: Fails())  # type: ignore[arg-type,return-value]
    try:
        turns.open_model(ModelChoice("any")).result()
        assert told[-1].sentence == "There is not enough memory."
        assert told[-1].still is None and turns.memory() is None
    finally:
        turns.close()


def test_notices_leave_the_composer_free(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        for number in range(3):
            desk.chat.tell(f"Notice {number}", error=True)
        await desk.until(lambda: "Notice 2" in desk.seen())
        (rack,) = desk.app.screen.query("ToastRack")
        assert rack.region.bottom <= desk.chat.composer.region.y

    sit_down(visit)


def test_an_error_nobody_expected_gives_its_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(self: GenesisApp, **options: Any) -> None:
        self._return_code = 1

    monkeypatch.setattr(GenesisApp, "run", fail)
    start = Start(ModelChoice("builtin"), history=tmp_path / "history.sqlite3")
    assert run_interface(start) == 1
