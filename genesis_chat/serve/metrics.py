"""What the server counts, in Prometheus's text form."""

import statistics
from collections import Counter, deque
from collections.abc import Iterable, Iterator

from ..engine import Reply

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
RECENT = 100
# What a reply is taken to last before there was one.
FIRST_GUESS = 1.0


class Metrics:
    """Counts since the start. Each figure is written by one thread only."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._tokens: Counter[str] = Counter()
        self._finished: Counter[str] = Counter()
        self._hits = 0
        self._waits: Counter[float] = Counter()
        self._total_wait, self._count = 0.0, 0
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._lasted: deque[float] = deque(maxlen=RECENT)

    def request(self, path: str, status: int) -> None:
        """A request was answered; a `path` that is none of ours is told as "other"."""
        self._requests[path, status] += 1

    def first_token(self, seconds: float) -> None:
        """An answer's first token came so long after it was asked for."""
        self._recent.append(seconds)
        self._count += 1
        self._total_wait += seconds
        for bucket in BUCKETS:
            self._waits[bucket] += seconds <= bucket

    def reply(self, reply: Reply, seconds: float) -> None:
        """A reply has ended that was worked on for so long."""
        cached = reply.prompt_tokens - reply.prefilled_tokens
        self._tokens["prompt"] += reply.prompt_tokens
        self._tokens["cached"] += cached
        self._tokens["generated"] += len(reply.log_probabilities)
        self._finished[reply.finish_reason] += 1
        self._hits += cached > 0
        self._lasted.append(seconds)

    @property
    def seconds_per_reply(self) -> float:
        """How long the last replies took, as a mean."""
        return statistics.fmean(self._lasted) if self._lasted else FIRST_GUESS

    @property
    def waits(self) -> dict[str, float | int] | None:
        """How long the last answers' first tokens took, in seconds."""
        if not (waits := sorted(self._recent)):
            return None
        return {
            "count": len(waits),
            "median": round(waits[len(waits) // 2], 4),
            "p95": round(waits[len(waits) * 95 // 100], 4),
            "longest": round(waits[-1], 4),
        }

    def text(self, waiting: int, running: int, ready: bool) -> str:
        """All of it, with what is so at the moment."""
        return "".join(f"{line}\n" for line in self._lines(waiting, running, ready))

    def _lines(self, waiting: int, running: int, ready: bool) -> Iterator[str]:
        yield from _family(
            "requests_total",
            "counter",
            "Requests answered.",
            (
                (f'{{path="{path}",status="{status}"}}', count)
                for (path, status), count in sorted(self._requests.items())
            ),
        )
        yield from _family(
            "tokens_total",
            "counter",
            "Tokens of prompts, those among them that were not read anew, and tokens "
            "generated.",
            (
                (f'{{kind="{kind}"}}', self._tokens[kind])
                for kind in ("prompt", "cached", "generated")
            ),
        )
        yield from _family(
            "replies_total",
            "counter",
            "Replies by why they ended.",
            ((f'{{reason="{r}"}}', n) for r, n in sorted(self._finished.items())),
        )
        for name, kind, said, value in (
            ("cache_hits_total", "counter", "Replies from a kept state.", self._hits),
            ("queue_length", "gauge", "Requests that wait.", waiting),
            ("replies_running", "gauge", "Replies being generated.", running),
            ("model_ready", "gauge", "Whether the model is loaded.", int(ready)),
        ):
            yield from _family(name, kind, said, [("", value)])
        name = "time_to_first_token_seconds"
        rows = [(f'_bucket{{le="{each}"}}', self._waits[each]) for each in BUCKETS]
        rows += [('_bucket{le="+Inf"}', self._count), ("_count", self._count)]
        yield from _family(
            name,
            "histogram",
            "From a request to the first token of its answer.",
            [*rows, ("_sum", self._total_wait)],
        )


def _family(
    name: str, kind: str, said: str, rows: Iterable[tuple[str, float]]
) -> Iterator[str]:
    yield f"# HELP genesis_chat_{name} {said}"
    yield f"# TYPE genesis_chat_{name} {kind}"
    for labels, value in rows:
        yield f"genesis_chat_{name}{labels} {value}"
