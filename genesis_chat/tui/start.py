"""What the interface is opened with."""

from dataclasses import dataclass, field
from pathlib import Path

from ..conversation import DEFAULT_SYSTEM_PROMPT
from ..model_choice import ANY_MODEL, ModelChoice
from ..settings import GenerationSettings


@dataclass(frozen=True)
class Start:
    """Options of the command line.

    `conversation` is the id of one to open. With `private` nothing is kept when the
    program ends. `first` says that no model was chosen or installed yet, so a choice
    is offered. `dark_terminal` is whether the terminal's background is dark, and
    `typed` what keys sent before the program read them.
    """

    model: ModelChoice = ANY_MODEL
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    system: str = DEFAULT_SYSTEM_PROMPT
    conversation: str | None = None
    private: bool = False
    first: bool = False
    history: Path | None = None
    theme: str = "auto"
    dark_terminal: bool = True
    typed: bytes = b""
    enter_sends: bool = True
    copy_on_select: bool = False
    keys: dict[str, str] = field(default_factory=dict)
    snapshots_mb: int = 512
