"""The line at the bottom: what runs, how fast, and how full the context is."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from ...engine import Context, ModelFacts, PromptProgress, Reply
from ..download import Progress
from ..shown import line, size

BAR = 10


class Status(Horizontal):
    """Numbers that were measured, and nothing else."""

    def compose(self) -> ComposeResult:
        yield Static(id="model", markup=False)
        yield Static(id="speed", markup=False)
        yield Static(id="download", markup=False)
        yield Static(id="memory", markup=False)
        yield Static(id="context", markup=False)

    def model(self, facts: ModelFacts) -> None:
        """The model that is loaded."""
        runs = f"{facts.dtype} on {facts.device}"
        if facts.delta_rule:
            runs += ", delta rule"
        if facts.backend == "cpu":
            runs += f" ({facts.why})"
        self._say("#model", line(f"{facts.name} · {runs}"))

    def note(self, text: str) -> None:
        """Something instead of the model."""
        self._say("#model", line(text))

    def reading(self, progress: PromptProgress) -> None:
        """How much of the prompt has been read."""
        self._say("#speed", line(f"reading {progress.done}/{progress.total}"))

    def writing(self, tokens: int, seconds: float) -> None:
        """A reply that is being written."""
        speed = f" · {tokens / seconds:.0f} tokens/s" if seconds > 0.2 else ""
        self._say("#speed", line(f"{tokens} tokens{speed}"))

    def finished(self, reply: Reply) -> None:
        """A reply's own figures."""
        parts = [f"{reply.reply_tokens} tokens"]
        if reply.tokens_per_second:
            parts.append(f"{reply.tokens_per_second:.0f} tokens/s")
        if reply.seconds_to_first_token is not None:
            parts.append(f"first after {reply.seconds_to_first_token:.2f} s")
        self._say("#speed", line(" · ".join(parts)))

    def download(self, progress: Progress | None) -> None:
        """A model that is being fetched."""
        self._say("#download", line(str(progress) if progress else ""))
        self.query_one("#download").display = progress is not None

    def memory(self, count: int | None) -> None:
        """Bytes of the model's process."""
        self._say("#memory", line(size(count) if count else ""))

    def context(self, context: Context | None) -> None:
        """The gauge; what leaves next is told when it is near."""
        if context is None:
            self._say("#context", Content(""))
            return
        filled = round(BAR * min(1.0, context.used / context.limit))
        bar = "█" * filled + "░" * (BAR - filled)
        parts: list[Content | tuple[str, str]] = [
            (f"{bar} ", "$accent" if context.room else "$warning"),
            Content(f"{context.used}/{context.limit}"),
        ]
        if context.leaving and context.room < context.limit // 8:
            parts.append((f" · next out: {context.leaving}", "$warning"))
        self._say("#context", Content.assemble(*parts))

    def _say(self, name: str, content: Content) -> None:
        self.query_one(name, Static).update(content)
