"""What stands where no message is yet."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from ..actions import Keys, first_key
from ..services.download import OFFERS, Offer
from .choices import Choices

NAME = Content.assemble(("◆ ", "$accent"), ("Genesis", "bold"))
WHAT = "A small language model that runs on this computer."
KEPT = "Nothing you write leaves it, and every chat is kept here."
PRIVATE = "Private chat: nothing is saved."
# What else can be done, by the ids of actions.
KEYS = {
    "app.help": "help",
    "app.palette": "all commands",
    "chat.search": "search",
    "app.quit": "quit",
}
# The built-in model was trained on such, and answers them well.
PROMPTS = (
    "My name is Bob. What is my name?",
    "What is the capital of Chile?",
    "What is 7 plus 8?",
)


class Welcome(Vertical):
    """A new chat: what this is, and how to begin.

    Args:
        keys: those that the settings file changes, by the ids of actions.
        private: whether nothing of it is kept.
    """

    def __init__(self, keys: Keys, *, private: bool) -> None:
        super().__init__()
        self._keys, self._private = keys, private

    def compose(self) -> ComposeResult:
        yield Static(NAME)
        yield Static("Type a message and press Enter.", classes="after")
        kept = PRIVATE if self._private else "Everything stays on this computer."
        yield Static(kept, classes="quiet")
        keys = [
            Content.assemble((f"{first_key(id, self._keys):8}", "$text-accent"), word)
            for id, word in KEYS.items()
        ]
        yield Static(Content("\n").join(keys), classes="after quiet")


class Prompts(Choices):
    """Prompts to press."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(place), f"pick({place})", show=False)
        for place in range(1, len(PROMPTS) + 1)
    ]

    def __init__(self) -> None:
        options = [
            Option(
                Content.assemble(
                    f"{prompt:42}",
                    (f"{place}", "$text-accent bold"),
                ),
                str(place),
            )
            for place, prompt in enumerate(PROMPTS, 1)
        ]
        super().__init__(*options, markup=False, compact=True)

    def on_mount(self) -> None:
        self.highlighted = 0

    def action_pick(self, place: int) -> None:
        self.highlighted = place - 1
        self.action_select()


class FirstRun(Vertical):
    """No model was chosen yet: the demo can be tried, and larger ones fetched."""

    class Picked(Message):
        """A prompt is to be sent."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Fetch(Message):
        """A model is to be downloaded."""

        def __init__(self, offer: Offer) -> None:
            self.offer = offer
            super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(NAME, classes="name")
        yield Static(WHAT, classes="after")
        yield Static(KEPT, classes="quiet")
        demo = "4 million parameters; small talk, capitals, sums"
        yield Static(_heading("Try the built-in demo", demo), classes="part")
        yield Prompts()
        once = "downloaded once; everything else works offline"
        yield Static(_heading("Get a larger model", once), classes="part")
        for offer in OFFERS:
            with Horizontal():
                id = f"first-{offer.name}"
                yield Button(offer.title, id=id, variant="primary")
                yield Static(f"{offer.about} · {offer.what}")
        have = Content.assemble(
            ("Already have a checkpoint?  ", "$text-muted"),
            "genesis-chat models convert FILE",
        )
        yield Static(have, classes="after")

    @on(OptionList.OptionSelected)
    def picked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Picked(PROMPTS[int(event.option_id or 1) - 1]))

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        event.stop()
        offer = next(o for o in OFFERS if event.button.id == f"first-{o.name}")
        self.post_message(self.Fetch(offer))


def _heading(name: str, about: str) -> Content:
    return Content.assemble((f"{name:24}", "bold"), (about, "$text-muted"))
