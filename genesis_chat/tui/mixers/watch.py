"""What is known of the mixers and the tokens of the open chat; no Textual in it."""

from collections.abc import Sequence

from ...chat import starts_of
from ...engine import Event, MixerReadings, PromptTokens, Text, Thought
from ...history import StoredMessage
from ..widgets.tints import Tints
from .colouring import MODES, Mode, Pieces, of_message
from .tokens import Tokens
from .trace import Trace


class Watch:
    """Takes the events of replies; tells what the panel and the transcript draw.

    `mode` is what the transcript is coloured by.
    """

    def __init__(self) -> None:
        self.trace, self.tokens, self.pieces = Trace(), Tokens(), Pieces()
        self.mode: Mode = "off"

    @property
    def asks(self) -> bool:
        """Whether the colouring alone needs readings."""
        return self.mode in ("attention", "certainty")

    @property
    def following(self) -> Mode:
        """The mode after this one."""
        return MODES[(MODES.index(self.mode) + 1) % len(MODES)]

    def take(self, event: Event, reply: str, *, in_sight: bool) -> bool:
        """An event of the reply with this id; whether it brought readings.

        While another chat is `in_sight` instead there is nobody to read them.
        """
        match event:
            case PromptTokens():
                self.tokens.begin(event)
            case Text() | Thought():
                self.tokens.take(event)
                self.pieces.take(reply, event)
            case MixerReadings() if in_sight:
                self.trace.take(event)
                return True
        return False

    def leave(self) -> None:
        """Another chat is opened."""
        self.trace = Trace()

    def tints(self, branch: Sequence[StoredMessage]) -> dict[str, Tints]:
        """How the messages of a branch are coloured, by their ids."""
        if self.mode == "off":
            return {}
        if self.mode == "attention":
            return self._attention(branch)
        found = {}
        contents = {message.id: message.content.strip() for message in branch}
        for id, tints in self.pieces.tints(self.mode).items():
            if id not in contents:
                continue
            # A reply that was continued may have begun before anybody looked.
            at = contents[id].find(tints.text.strip()) if contents[id] else 0
            if at >= 0:
                before = contents[id][:at]
                levels = ((-1,) * at) + tints.levels
                found[id] = Tints(before + tints.text, levels)
        return found

    def _attention(self, branch: Sequence[StoredMessage]) -> dict[str, Tints]:
        """What is left of each token that the last one can still look back at."""
        weights, starts = self.trace.weights, self.tokens.starts
        asked = [n for n, message in enumerate(branch) if message.role == "user"]
        if not len(weights) or not starts or not asked:
            return {}
        # Questions that got a reply, and the last one, which is getting it.
        places = [*starts_of(branch[: asked[-1]]), asked[-1]]
        ends = [*places[1:], len(branch)]
        found: dict[str, Tints] = {}
        held = min(len(starts) // 2, len(places))
        for number in range(1, held + 1):
            place, end = places[-number], ends[-number]
            # An imported chat may have several replies in a row: one to the model.
            which = [(place, len(starts) - 2 * number)]
            which += [(n, len(starts) - 2 * number + 1) for n in range(place + 1, end)]
            for position, message in which:
                first, last = self.tokens.message(message)
                tints = of_message(
                    self.tokens.texts[first:last],
                    weights[first:last],
                    branch[position].content,
                )
                if tints:
                    found[branch[position].id] = tints
        return found
