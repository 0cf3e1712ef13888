"""What a machine is told to do: a line of JSON, then the batch's own lines."""

import json
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Self

from ...completions import Defaults
from ...errors import GenerationError
from ...model_choice import ModelChoice
from ...settings import GenerationSettings


@dataclass(frozen=True)
class Job:
    """A batch: its lines in `data`, of which the first `done` are answered.

    `width` replies at a time are decoded by each machine.
    """

    model: ModelChoice
    defaults: Defaults
    width: int
    done: int
    data: bytes

    def to_bytes(self) -> bytes:
        """For another machine's standard input."""
        name = self.model.name
        told = {
            "model": {
                **asdict(self.model),
                "name": None if name is None else str(name),
                "switches": sorted(self.model.switches),
            },
            "settings": asdict(self.defaults.settings),
            "system": self.defaults.system,
            "width": self.width,
            "done": self.done,
            "bytes": len(self.data),
        }
        return json.dumps(told).encode() + b"\n" + self.data

    @classmethod
    def read(cls, stream: BinaryIO) -> Self:
        """The job on a standard input. Raises `GenerationError` if it ends early."""
        try:
            told: dict[str, Any] = json.loads(stream.readline())
            data = stream.read(told["bytes"])
            if len(data) < told["bytes"]:
                raise EOFError
        except (ValueError, EOFError) as error:
            raise GenerationError("The lines did not arrive whole.") from error
        model = told["model"]
        return cls(
            ModelChoice(**{**model, "switches": frozenset(model["switches"])}),
            Defaults(GenerationSettings(**told["settings"]), told["system"]),
            told["width"],
            told["done"],
            data,
        )
