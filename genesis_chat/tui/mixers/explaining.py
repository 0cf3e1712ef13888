"""One layer in plain sentences."""

from .picture import Shown
from .scales import count, tokens
from .trace import Layer


def explain(layer: Layer, shown: Shown) -> tuple[str, str]:
    """A heading, and what the layer is and does to this conversation."""
    match layer.mixer:
        case "gla":
            return f"Layer {layer.number} · gated linear attention", _gla(layer, shown)
        case "fox":
            return f"Layer {layer.number} · forgetting attention", _fox(layer, shown)
        case "ttt":
            return "Test-time training", _ttt(shown)


def _gla(layer: Layer, shown: Shown) -> str:
    trace = shown.trace
    heads = trace.half_life[layer.index].tolist()
    median = float(trace.median_half_life[layer.index])
    low, high = min(heads), max(heads)
    what = (
        "Each head keeps a fixed-size summary of everything read, and what is in it "
        f"fades. Half of it has faded after {tokens(median)} in the middle head"
    )
    if count(low) != count(high):
        what += f", after {count(low)} to {count(high)} in all {len(heads)}"
    if trace.averaged == 1:
        measured = "measured at the last token"
    else:
        measured = f"averaged over the last {tokens(trace.averaged)}"
    return f"{what}; {measured}. {_words(median, shown)}"


def _fox(layer: Layer, shown: Shown) -> str:
    trace = shown.trace
    heads = trace.reach[layer.index].tolist()
    mean = sum(heads) / len(heads)
    gate = float(trace.gate[layer.index].mean())
    what = (
        "Each head can look back at every token, but older ones fade. Of "
        f"{tokens(trace.read)}, {count(mean)} tokens' worth of weight is left"
    )
    if count(min(heads)) != count(max(heads)):
        what += f" ({count(min(heads))} to {count(max(heads))} in its heads)"
    return f"{what}: each new token takes {1 - gate:.1%} of it. {_words(mean, shown)}"


def _ttt(shown: Shown) -> str:
    trace = shown.trace
    what = (
        "A small layer learns as the model reads. Surprise: how wrong its prediction "
        "was. Trust: how much it believes that. Mix: how much of it reaches the output."
    )
    if not trace.surprise:
        if shown.learns:
            return f"{what} It starts with the next reply."
        return f"{what} Type /set ttt on to let this chat learn as it reads (slower)."
    return (
        f"{what} At the last token surprise was {trace.surprise[-1]:.3g}, trust "
        f"{trace.trust[-1]:.0%}, and {trace.mix[-1]:.1%} of the output came from it."
    )


def _words(many: float, shown: Shown) -> str:
    """What so many tokens are in this conversation."""
    read = len(shown.tokens.texts)
    if not read:
        return ""
    if many >= read:
        return "That is more than this whole conversation."
    number, first = shown.tokens.last(many)
    if not number:
        return "That is less than a word here."
    if number == len(first.split()):
        what = "the last word" if number == 1 else f"the last {number} words"
        return f"Here that is {what}, “{first}”."
    return f"Here that is the last {number:,} words, back to “{first}…”."
