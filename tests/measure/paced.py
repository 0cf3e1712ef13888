"""The interface with the real model in its process, at a given number of tokens/s."""

import argparse
import time
from collections.abc import Callable, Generator

from genesis_chat.engine import Engine, Event, Request, Snapshots, Text, WorkerEngine
from genesis_chat.model_choice import ModelChoice
from genesis_chat.models import choose
from genesis_chat.settings import GenerationSettings
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.start import Start

# Never ends by itself.
WILD = GenerationSettings(
    temperature=50, top_k=0, top_p=1, repetition_penalty=1, max_tokens=900, seed=1
)


class Paced(WorkerEngine):
    """Tells no more than so many tokens a second."""

    pace = 60.0

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        due = None
        for event in super().reply(request, cancelled):
            if isinstance(event, Text):
                due = max(due or 0.0, time.perf_counter())
                due += len(event.token_ids) / self.pace
                time.sleep(max(0.0, due - time.perf_counter()))
            yield event


def open_engine(choice: ModelChoice, snapshots: Snapshots) -> Engine:
    found = choose(choice.name)
    return Paced(found.directory, found.name, found.sha256, snapshots, choice)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pace", type=float, default=60.0)
    parser.add_argument("--conversation")
    options = parser.parse_args()
    Paced.pace = options.pace
    app = GenesisApp(
        Start(ModelChoice("builtin"), settings=WILD, conversation=options.conversation),
        open_engine,
    )
    try:
        app.run()
    finally:
        app.close()


if __name__ == "__main__":
    main()
