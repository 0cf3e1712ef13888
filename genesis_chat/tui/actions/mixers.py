"""What can be done in the panel that shows the mixers."""

from .action import Action

MIXERS = (
    Action(
        "mixers.above",
        "mixers",
        "Above",
        "Layer above",
        ("up", "k"),
        "choose(-1)",
        "layer",
    ),
    Action(
        "mixers.below",
        "mixers",
        "Below",
        "Layer below",
        ("down", "j"),
        "choose(1)",
        "layer",
    ),
    Action(
        "mixers.first", "mixers", "First", "First layer", ("home",), "choose(-1000)"
    ),
    Action("mixers.last", "mixers", "Last", "Last layer", ("end",), "choose(1000)"),
    Action(
        "mixers.explain",
        "mixers",
        "Explain",
        "Explain the layer, or close that",
        ("enter", "space"),
        "explain",
        "explain",
    ),
)
