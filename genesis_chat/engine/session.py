"""A conversation with a model: turns in, events out, state kept between turns."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from ..conversation import DEFAULT_SYSTEM_PROMPT, Message
from ..errors import ContextFullError, GenerationError
from ..settings import GenerationSettings
from .detokenizer import Detokenizer
from .events import Dropped, Event, Finished, FinishReason, Reply, Text
from .loader import LoadedModel, State, Token
from .prompt import encode_message, reply_footer, reply_header
from .snapshots import Snapshots


@dataclass
class Session:
    """A conversation whose state is kept, so that a turn reads only its own tokens.

    When it outgrows the context the oldest whole exchanges leave the prompt, enough
    at once to leave a quarter of the context free; the system prompt never does.
    An empty `system` leaves the system turn out. With `snapshots` the state after
    each turn is kept on disk too. Not for use from two threads.
    """

    model: LoadedModel
    system: str = DEFAULT_SYSTEM_PROMPT
    snapshots: Snapshots | None = None
    _exchanges: list[list[int]] = field(default_factory=list)
    _state: State | None = None
    _read: list[int] = field(default_factory=list)
    _ttt: bool = False

    def restore(self, exchanges: Sequence[tuple[str, str, Sequence[int]]]) -> None:
        """Take up a conversation where it stopped.

        Args:
            exchanges: of each the user's message, the reply, and the ids it was
                generated as by this very model; none when another one wrote it.
        """
        tokenizer = self.model.tokenizer
        self._exchanges, self._state, self._read = [], None, []
        for content, text, ids in exchanges:
            if ids:
                reply = [*ids, *reply_footer(tokenizer, list(ids))]
                before = chain(self._encode_system(), *self._exchanges)
                self._read = [*before, *self._encode_turn(content), *ids]
            else:
                self._read = []
                header = len(reply_header(tokenizer))
                reply = encode_message(tokenizer, Message("assistant", text))[header:]
            self._exchanges.append([*self._encode_turn(content), *reply])

    def reply(
        self,
        content: str,
        settings: GenerationSettings,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Send a user's message and yield the events of the reply to it.

        `cancelled` is asked after every step; the turn then ends as it stands. The
        exchange belongs to the conversation once the reply has its first token, and
        until then nothing changes. Closing the iterator cancels as well.

        Raises:
            ContextFullError: the message cannot fit; nothing was changed.
            GenerationError: the model failed; the text so far was yielded, and a
                `Finished` with reason "error" came before this.
            UsageError: a setting is out of range.
        """
        settings = settings.seeded()
        self.model.check(settings)
        start = time.perf_counter()
        turn = self._encode_turn(content)
        kept = self._keep(len(turn), settings.max_tokens)
        if len(kept) < len(self._exchanges):
            yield Dropped(len(self._exchanges) - len(kept))
        prompt = [*self._encode_system(), *chain(*kept), *turn]
        state: State | None
        state, history, unread = self._resume(prompt, settings.ttt)
        run = _Run(self.model, settings, len(prompt), len(unread), start)
        failure: GenerationError | None = None
        try:
            for event in self.model.generate(unread, state, history, settings):
                if isinstance(event, Token):
                    yield from run.push(event)
                else:
                    yield event
                if cancelled():
                    break
        except GenerationError as error:
            run.finish_reason, failure = "error", error
            state = None
        except GeneratorExit:
            raise
        except BaseException:
            # Interrupted in the middle of a step: nobody knows what was read.
            state = None
            raise
        finally:
            if run.tokens:
                footer = reply_footer(self.model.tokenizer, run.tokens)
                self._exchanges = [*kept, [*turn, *run.tokens, *footer]]
                self._state, self._read = state, [*prompt, *run.tokens]
                self._ttt = settings.ttt
        yield from run.flush()
        yield Finished(run.reply())
        if self.snapshots and self._state and run.tokens:
            read = self._read[: self._state.offset]
            self.snapshots.save(self.model, self._state, settings.ttt, read)
        if failure:
            raise failure

    def _encode_system(self) -> list[int]:
        if not self.system:
            return []
        message = Message("system", self.system)
        return encode_message(self.model.tokenizer, message)

    def _encode_turn(self, content: str) -> list[int]:
        tokenizer = self.model.tokenizer
        user = encode_message(tokenizer, Message("user", content))
        return [*user, *reply_header(tokenizer)]

    def _keep(self, turn: int, max_tokens: int) -> list[list[int]]:
        """The exchanges that stay when the turn has to fit with room to reply."""
        context, system = self.model.context, len(self._encode_system())
        if system + turn >= context:
            what = "system prompt" if system > turn else "message"
            raise ContextFullError(
                f"The system prompt and the message need {system + turn} tokens; "
                f"the model's context holds {context}. Shorten the {what}."
            )
        kept = list(self._exchanges)
        reserve = min(max_tokens, context // 4)
        needed = system + sum(map(len, kept)) + turn + reserve
        if needed > context:
            while kept and needed > context * 3 // 4:
                needed -= len(kept.pop(0))
        return kept

    def _resume(
        self, prompt: list[int], ttt: bool
    ) -> tuple[State, list[int], list[int]]:
        """The state to continue, what it has read, and what it has not."""
        if self._state is None:
            self._load_state(ttt)
        state = self._state
        if state is not None and self._ttt == ttt:
            read = self._read[: state.offset]
            if len(read) == state.offset < len(prompt) and prompt[: len(read)] == read:
                # A copy: if this turn comes to nothing, the state still stands.
                return state.copy(), read, prompt[len(read) :]
        return self.model.new_state(ttt), [], prompt

    def _load_state(self, ttt: bool) -> None:
        """Look for the state after the last reply, with its last token or without."""
        for read in (self._read, self._read[:-1]):
            if self.snapshots and self._state is None and read:
                self._state = self.snapshots.load(self.model, ttt, read)
                self._ttt = ttt


class _Run:
    """One reply in the making."""

    def __init__(
        self,
        model: LoadedModel,
        settings: GenerationSettings,
        prompt_tokens: int,
        prefilled_tokens: int,
        start: float,
    ) -> None:
        self._model, self._settings, self._start = model, settings, start
        self._prompt_tokens, self._prefilled = prompt_tokens, prefilled_tokens
        self._detokenizer = Detokenizer(model.tokenizer)
        self._text: list[str] = []
        self._pending: list[Token] = []
        self._log_probabilities: list[float] = []
        self._first: float | None = None
        self._last = start
        self.tokens: list[int] = []
        self.finish_reason: FinishReason = "cancelled"

    def push(self, token: Token) -> Iterator[Text]:
        self._last = time.perf_counter()
        self._first = self._first or self._last
        self.tokens.append(token.id)
        self._pending.append(token)
        self._log_probabilities.append(token.log_probability)
        self.finish_reason = token.finish_reason or self.finish_reason
        yield from self._emit(self._detokenizer.push(token.id))

    def flush(self) -> Iterator[Text]:
        yield from self._emit(self._detokenizer.flush())

    def reply(self) -> Reply:
        speed = None
        if self._first and self._last > self._first:
            speed = (len(self.tokens) - 1) / (self._last - self._first)
        return Reply(
            text="".join(self._text),
            token_ids=tuple(self.tokens),
            log_probabilities=tuple(self._log_probabilities),
            finish_reason=self.finish_reason,
            prompt_tokens=self._prompt_tokens,
            prefilled_tokens=self._prefilled,
            seconds_to_first_token=self._first and self._first - self._start,
            tokens_per_second=speed,
            model=self._model.name,
            settings=self._settings,
        )

    def _emit(self, text: str) -> Iterator[Text]:
        if text:
            self._text.append(text)
            ids = tuple(token.id for token in self._pending)
            likely = tuple(token.log_probability for token in self._pending)
            yield Text(text, ids, likely)
            self._pending.clear()
