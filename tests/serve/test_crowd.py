"""Many clients at once, half of which go away in the middle of their replies.

`make soak` lets 200 of them send 2,000 requests: GENESIS_SOAK=1.
"""

import itertools
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from server import ENDLESS, Server, events, serving

pytestmark = pytest.mark.loopback

SOAK = os.environ.get("GENESIS_SOAK") == "1"
CLIENTS, REQUESTS = (200, 2000) if SOAK else (12, 40)
QUEUE = 100 if SOAK else 6
NAMES = ["Ada", "Bob", "Eve", "Kim", "Max", "Tim"]
# Most of what a server may grow by between a quarter of the requests and all of them:
# what states and replies are remembered has a limit of its own, 256 MiB.
GROWTH_BYTES = 64 << 20


class Crowd:
    """Clients that share their requests; what came of them is counted."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.expected = {name: self._ask(name, False)[1] for name in NAMES}
        self.outcomes: Counter[str] = Counter()
        self.most_waiting = self.refused = 0
        self.memory: list[int] = []
        self._left, self._lock = itertools.count(), threading.Lock()
        self._process = psutil.Process(server.process.pid)

    def run(self) -> None:
        threads = [threading.Thread(target=self._client) for _ in range(CLIENTS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    def _client(self) -> None:
        while (number := self._next()) < REQUESTS:
            chance = random.Random(number)
            outcome = self._leave(chance) if number % 2 else self._stay(chance)
            with self._lock:
                self.outcomes[outcome] += 1
                self.memory.append(self._process.memory_info().rss)
                waiting = self.server.health["waiting"] if number % 20 == 0 else 0
                self.most_waiting = max(self.most_waiting, waiting)

    def _next(self) -> int:
        with self._lock:
            return next(self._left)

    def _leave(self, chance: random.Random) -> str:
        with self.server.begun(**ENDLESS, stream=True) as connection:
            connection.recv(chance.randrange(1, 3000))
        return "left"

    def _stay(self, chance: random.Random) -> str:
        name, stream = chance.choice(NAMES), chance.random() < 0.5
        while (answer := self._ask(name, stream))[0] == 429:
            with self._lock:
                self.refused += 1
            # As the answer says.
            time.sleep(answer[1])
        status, text = answer
        if status != 200:
            return str(status)
        return "right" if text == self.expected[name] else f"wrong: {text}"

    def _ask(self, name: str, stream: bool) -> tuple[int, Any]:
        answer = self.server.chat(f"My name is {name}.", temperature=0, stream=stream)
        if answer.status != 200:
            return answer.status, int(answer.headers.get("retry-after", "0"))
        if not stream:
            return 200, answer.json["choices"][0]["message"]["content"]
        pieces = [each["choices"][0]["delta"] for each in events(answer.body)]
        return 200, "".join(piece.get("content", "") for piece in pieces)


def test_no_reply_is_lost_or_mixed_and_the_line_is_held(prepared: Path) -> None:
    with serving("--queue", str(QUEUE), home=prepared) as server:
        crowd = Crowd(server)
        assert len(set(crowd.expected.values())) == len(NAMES)
        crowd.run()
        half = REQUESTS // 2
        assert crowd.outcomes == {"left": half, "right": half}
        # More come at once than may wait.
        assert crowd.refused and crowd.most_waiting <= QUEUE
        server.wait_until_idle()
        assert server.process.poll() is None and len(server.said) == 2
        quarter = crowd.memory[REQUESTS // 4]
        assert crowd.memory[-1] - quarter < GROWTH_BYTES
        if SOAK:
            print(
                crowd.outcomes, crowd.refused, quarter, crowd.memory[-1], server.health
            )
