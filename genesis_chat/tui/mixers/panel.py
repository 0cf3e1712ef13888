"""The mixers, live: a page of a textbook that runs."""

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from .charts import between, curve, gates, heads, span
from .trace import WINDOW, Trace

CURVE = 18
TITLES = {
    "gla": "Gated linear attention",
    "fox": "Forgetting attention",
    "ttt": "Test-time training",
}
GLA_MEANS = (
    "Each head keeps one running summary of all it read. Its half-life is the number "
    "of tokens that halve what it holds."
)
FOX_MEANS = (
    "Each head looks back at every token. Its gate fades the past by so much a token; "
    "its effective context is the weight left to all tokens, added up."
)
TTT_MEANS = (
    "A small layer learns while the model reads. Surprise is how far it is from what "
    "was expected, confidence how much it trusts that, mixing how much comes through."
)
NOTHING = "The numbers come with the next reply."
OFF = "Off. /set ttt on lets this chat learn while it reads; it is slower then."
Row = Content | tuple[str, str]


class MixersPanel(VerticalScroll):
    """Readings of the reply that is being written, one line for each layer."""

    can_focus = True

    def compose(self) -> ComposeResult:
        yield Static(NOTHING, id="mixers", markup=False)

    def show(self, trace: Trace, ttt: bool) -> None:
        """Show readings; `ttt` says whether this chat has test-time training."""
        rows = list(_rows(trace, ttt)) if trace.last else [Content(NOTHING)]
        self.query_one("#mixers", Static).update(Content.assemble(*rows))


def _rows(trace: Trace, ttt: bool) -> Iterator[Row]:
    assert trace.last is not None
    read = trace.last.remaining.shape[-1]
    half_life = trace.half_life.tolist()
    if half_life:
        yield from _heading("gla", GLA_MEANS)
        yield (f"half-life over the last {WINDOW} tokens\n", "italic")
        for number, layer in enumerate(half_life, 1):
            yield Content(f"{number:2} {heads(layer, 2048)} {span(layer)}\n")
        yield Content("\n")
    reach = trace.reach.tolist()
    if reach:
        yield from _heading("fox", FOX_MEANS)
        yield (f"effective context of {read}\n", "italic")
        for number, layer in enumerate(reach, 1):
            yield Content(f"{number:2} {heads(layer, read)} {span(layer)}\n")
        yield (f"forget gates over the last {WINDOW} tokens\n", "italic")
        for number, layer in enumerate(trace.gate.tolist(), 1):
            yield Content(f"{number:2} {gates(layer)} {between(layer)}\n")
        yield Content("\n")
    yield from _heading("ttt", TTT_MEANS)
    if not trace.surprise:
        yield (f"{NOTHING if ttt else OFF}\n", "dim")
        return
    for name, values in (
        ("surprise", trace.surprise),
        ("confidence", trace.confidence),
        ("mixing", trace.mix),
    ):
        width = min(CURVE, len(values))
        yield Content(f"{name:10} {curve(values, width):{CURVE}} {values[-1]:.3g}\n")


def _heading(name: str, means: str) -> Iterator[Row]:
    yield (f"{TITLES[name]}\n", "$text-primary bold")
    yield (f"{means}\n", "dim")
