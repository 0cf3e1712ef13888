"""What the interface is opened with."""

from dataclasses import dataclass, field
from pathlib import Path

from ..conversation import DEFAULT_SYSTEM_PROMPT
from ..settings import BackendName, ComputeDtype, GenerationSettings


@dataclass(frozen=True)
class Start:
    """Options of the command line.

    `model` is a name or a directory, None takes the default one. `conversation` is
    the id of one to open. With `private` nothing is kept when the program ends.
    `first` says that no model was chosen or installed yet, so a choice is offered.
    """

    model: str | None = None
    dtype: ComputeDtype | None = None
    backend: BackendName = "auto"
    delta_rule: bool = False
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    system: str = DEFAULT_SYSTEM_PROMPT
    conversation: str | None = None
    private: bool = False
    first: bool = False
    history: Path | None = None
    theme: str = "textual-dark"
    enter_sends: bool = True
    keys: dict[str, str] = field(default_factory=dict)
    snapshots_mb: int = 512
