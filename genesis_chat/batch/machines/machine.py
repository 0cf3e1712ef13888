"""What runs on each machine: `python -m genesis_chat.batch.machines.machine`.

The job comes on standard input. Every machine answers its share of the lines in
rounds; after each the first one, whose output alone is read, writes what all have.
"""

import json
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ...api import Genesis
from ...engine import Engine
from ...engine.ring import Ring, join_ring
from ...errors import GenerationError, GenesisChatError
from ..lines import Line, parse_lines
from ..running import Progress, run
from .job import Job

# Lines of a machine in a round, for each reply that it decodes at a time. More let
# the machines wait less for each other, fewer lose less when one is stopped.
ROUND = 4


class Round:
    """Answers of a round, in order."""

    done = 0

    def __init__(self) -> None:
        self.given: list[Mapping[str, Any]] = []

    def write(self, answer: Mapping[str, Any]) -> None:
        """Add the next line's."""
        self.given.append(answer)


def main() -> int:
    """Answer this machine's share of the job."""
    try:
        job, ring = Job.read(sys.stdin.buffer), join_ring()
        genesis = Genesis.open(job.model, lambda text: None)
        try:
            _same_model(ring, genesis.model.sha256 or genesis.model.name)
            _answer(ring, genesis.engine(), job)
        finally:
            genesis.close()
    except GenesisChatError as error:
        print(f"{socket.gethostname()}: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def _same_model(ring: Ring, sha256: str) -> None:
    """Raise `GenerationError` where the machines have different weights."""
    found = ring.gather(f"{socket.gethostname()} {sha256}".encode())
    hosts, sums = zip(*(each.decode().split() for each in found), strict=True)
    for host, other in zip(hosts, sums, strict=True):
        if other != sums[0]:
            raise GenerationError(
                f"The model on {host} is another one than on {hosts[0]}; install the "
                "same one on all machines, or name it with -m."
            )


def _answer(ring: Ring, engine: Engine, job: Job) -> None:
    lines = parse_lines(job.data, job.defaults)[job.done :]
    length = ROUND * job.width * ring.size
    for start in range(0, len(lines), length):
        part = lines[start : start + length]
        found, progress = _share(part[ring.rank :: ring.size], engine, job.width)
        told = {"answers": found, "tokens": progress.tokens, "failed": progress.failed}
        every = [json.loads(each) for each in ring.gather(json.dumps(told).encode())]
        if ring.rank == 0:
            print(json.dumps(_in_order(every, len(part))), flush=True)


def _share(
    lines: Sequence[Line], engine: Engine, width: int
) -> tuple[list[Mapping[str, Any]], Progress]:
    answers = Round()
    progress = run(engine, lines, answers, width, lambda: False, lambda told: None)
    return answers.given, progress


def _in_order(every: Sequence[Mapping[str, Any]], count: int) -> dict[str, Any]:
    """All machines' answers to a round, in the order of its lines."""
    size = len(every)
    return {
        "answers": [every[n % size]["answers"][n // size] for n in range(count)],
        "tokens": sum(each["tokens"] for each in every),
        "failed": sum(each["failed"] for each in every),
    }


if __name__ == "__main__":
    sys.exit(main())
