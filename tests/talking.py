"""An engine that talks until it is stopped, whatever the built-in model would say."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import count

from thinking import Thinking

from genesis_chat.engine import Event, Finished, ModelFacts, Request, Text

TALKER = ModelFacts("talker", 2048, "float32", "CPU", "2" * 64)
# A reader's pace.
SECONDS_A_WORD = 0.01


@dataclass
class Talking(Thinking):
    """Its replies never end by themselves; one that goes on counts on."""

    model: ModelFacts = TALKER

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        self.requests.append(request)
        told: list[Event] = []
        for number in count(len(request.begun)):
            if cancelled():
                break
            time.sleep(SECONDS_A_WORD)
            told.append(Text(f"word{number} ", (number,), (0.0,)))
            yield told[-1]
        reply = self._reply(request, told, "cancelled")
        yield Finished(reply, self.context(request))
