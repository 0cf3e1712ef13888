"""Opening the full-screen interface."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from ..model_choice import ModelChoice
from ..settings import GenerationSettings
from .conversation import Choice, open_history


def open_interface(
    choice: Choice, settings: GenerationSettings, model: ModelChoice
) -> int:
    """Run it until it is left; the exit code."""
    from ..config import load
    from ..tui.terminal.background import asked

    config = load()
    with asked(ask=config.theme == "auto") as ground:
        # While the terminal thinks of its answer.
        from ..tui.app import run
        from ..tui.start import Start

        dark = ground.is_dark()
    with ExitStack() as stack:
        history: Path | None = None
        conversation: str | None = None
        if choice.no_log:
            # Gone when the program ends, states after each turn included.
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            history = Path(folder) / "history.sqlite3"
        else:
            conversation = _conversation(choice)
        return run(
            Start(
                model=model,
                settings=settings,
                system=choice.system_prompt,
                conversation=conversation,
                private=choice.no_log,
                first=model.name is None and _is_first_start(),
                history=history,
                theme=config.theme,
                dark_terminal=dark,
                typed=ground.typed,
                enter_sends=config.enter_sends,
                copy_on_select=config.copy_on_select,
                keys=config.keys,
                snapshots_mb=config.snapshots_mb,
            )
        )


def _conversation(choice: Choice) -> str | None:
    if not choice.continues:
        return None
    with open_history() as store:
        found = choice.find(store)
        return found.id if found else None


def _is_first_start() -> bool:
    """Nothing was chosen yet: no model is installed, and no default set."""
    from ..models import installed
    from ..paths import models_directory

    return not (installed() or (models_directory() / "default").exists())
