"""Many turns in one run of the interface, or in one chat, and the memory they take."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path

from genesis_chat.engine import (
    Context,
    Engine,
    Event,
    Finished,
    ModelFacts,
    Reply,
    Request,
    Snapshots,
    Text,
)
from genesis_chat.history import NewConversation, NewMessage, Role, Store
from genesis_chat.model_choice import ModelChoice
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.start import Start

# A new chat begins after so many turns, and memory is looked at after so many. What
# fills until its limit, such as the caches of what was drawn, is full by the first.
CHAT, LOOK = 100, 1000
WORDS = [
    "Some",
    "**bold**",
    "words",
    "and",
    "`code`,",
    "then",
    "a",
    "list:\n\n-",
    "one\n-",
    "two\n",
]


class Scripted:
    """Says the same every time: what is measured is the interface."""

    model = ModelFacts("scripted", 2048, "float32", "CPU", "0" * 64)

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        ids = tuple(range(len(WORDS)))
        for id, word in enumerate(WORDS):
            yield Text(f"{word} ", (id,), (0.0,))
        text = "".join(f"{word} " for word in WORDS)
        reply = Reply(
            text=text,
            token_ids=ids,
            log_probabilities=tuple(0.0 for _ in ids),
            finish_reason="stop",
            prompt_tokens=8,
            prefilled_tokens=8,
            seconds_to_first_token=0.0,
            tokens_per_second=100.0,
            model="scripted",
            settings=request.settings,
        )
        yield Finished(reply, self.context(request))

    def context(self, request: Request) -> Context:
        return Context(0, 2048, 2048, 0, 0)

    def close(self) -> None:
        pass


def open_engine(choice: ModelChoice, snapshots: Snapshots) -> Engine:
    return Scripted()


def run(turns: int, history: Path) -> None:
    """Print the resident memory after every thousand turns, in chats of a hundred."""
    asyncio.run(_run(turns, history))


def run_in_one_chat(before: int, turns: int, history: Path) -> None:
    """Print the resident memory after turns in a chat that has many `before` them."""
    roles: tuple[Role, Role] = ("user", "assistant")
    said = [
        NewMessage(roles[n % 2], f"{n} {''.join(WORDS)}", n - 1 if n else None)
        for n in range(2 * before)
    ]
    with Store.open(history) as store:
        (made,) = store.insert([NewConversation("Long", "", said)])
    asyncio.run(_run_in_one_chat(made.id, turns, history))


async def _run(turns: int, history: Path) -> None:
    async with _opened(Start(ModelChoice("scripted"), history=history)) as app:
        began = time.perf_counter()
        for turn in range(1, turns + 1):
            await _turn(app, turn)
            if turn % CHAT == 0:
                await app.chat.action_new_chat()
            if turn % LOOK == 0 or turn == CHAT:
                _tell(f"{turn} turns", time.perf_counter() - began)


async def _run_in_one_chat(chat: str, turns: int, history: Path) -> None:
    start = Start(ModelChoice("scripted"), history=history, conversation=chat)
    async with _opened(start) as app:
        began = time.perf_counter()
        there = len(app.chat.pane.chat.branch) // 2
        _tell(f"a chat of {there} turns is open", 0.0)
        for turn in range(1, turns + 1):
            await _turn(app, turn)
            if turn == 1 or turn % (turns // 5) == 0:
                _tell(f"{turn} turns more in it", time.perf_counter() - began)


@asynccontextmanager
async def _opened(start: Start) -> AsyncIterator[GenesisApp]:
    """The interface, with a model and with its chat shown."""
    app = GenesisApp(start, open_engine)
    try:
        async with app.run_test(size=(120, 36)) as pilot:
            while app.model is None or not app.chat.pane.opening.shown_once:
                await pilot.pause(0.01)
            yield app
    finally:
        app.close()


async def _turn(app: GenesisApp, number: int) -> None:
    """Ask a question, and wait until its reply is kept."""
    pane = app.chat.pane
    before = len(pane.chat.branch)
    app.chat.composer.write(f"Question {number}")
    app.chat.composer.send()
    # Looked at often, so that turns follow at once; nothing here is paced.
    while len(pane.chat.branch) < before + 2 or pane.replies.busy:
        await asyncio.sleep(0.002)


def _tell(when: str, seconds: float) -> None:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
    megabytes = int(line.split()[1]) / 1000
    gc.unfreeze()
    gc.collect()
    print(
        f"memory: {when}: {megabytes:.1f} MB, {len(gc.get_objects())} objects "
        f"({seconds:.0f} s)",
        flush=True,
    )
