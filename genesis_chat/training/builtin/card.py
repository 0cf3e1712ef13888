"""The built-in model's card, with the figures of its evaluation and its making."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from string import Template

from .evaluation import Score, scores_from
from .plan import Cost, Plan, total
from .start import WEIGHTS

ORIGINS = {
    "nothing": "random weights",
    "present": (
        "the weights of the model it replaces, with that model's tokenizer (14 million "
        "tokens of an earlier set of such conversations)"
    ),
}


def write_card(
    folder: Path, plan: Plan, parts: Sequence[Cost], evaluation: Path
) -> None:
    """Write `README.md` beside a released checkpoint.

    All figures about its answers are from the file `evaluation`. Raises `OSError`.
    """
    content = json.loads(evaluation.read_text(encoding="utf-8"))
    sets, others, adapted = (
        scores_from(content[kind]) for kind in ("sets", "others", "ttt")
    )
    weights = (folder / WEIGHTS).read_bytes()
    shape = plan.configuration
    text = Template(_CARD).substitute(
        {name: shape[name] for name in _SHAPE},
        vocabulary=f"{shape['vocab_size']:,}",
        context=f"{shape['block_size']:,}",
        longest=plan.longest,
        origin=ORIGINS[plan.origin],
        cost=cost(plan, parts),
        count=content["count"],
        table=table(sets, others),
        ttt=difference(sets, adapted),
        size=f"{len(weights):,}",
        digest=hashlib.sha256(weights).hexdigest(),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def table(sets: Sequence[Score], others: Sequence[Score]) -> str:
    """The shares of each subject in Markdown."""
    lines = [
        "| Subject | Right | In other sets | Promised | Turned away |",
        "| --- | --- | --- | --- | --- |",
    ]
    for score, other in zip(sets, others, strict=True):
        lines.append(
            f"| {score.subject} | {score.right} of {score.asked} ({score.share:.1%}) "
            f"| {other.share:.1%} | {score.promised:.0%} "
            f"| {score.turned_away / score.asked:.1%} |"
        )
    return "\n".join(lines)


def difference(sets: Sequence[Score], adapted: Sequence[Score]) -> str:
    """What test-time training changes, in a sentence."""
    asked = sum(score.asked for score in sets)
    before, after = (sum(s.right for s in scores) for scores in (sets, adapted))
    pairs = zip(sets, adapted, strict=True)
    other = sum(
        one.answer != two.answer
        for plain, with_ttt in pairs
        for one, two in zip(plain.answered, with_ttt.answered, strict=True)
    )
    return (
        f"of the {asked:,} answers {other:,} are other ones with it, and {after:,} are "
        f"right instead of {before:,}"
    )


def cost(plan: Plan, parts: Sequence[Cost]) -> str:
    """What the run cost, in a sentence."""
    spent = total(parts)
    return (
        f"{spent['tokens'] / 1e6:.1f} million tokens in {len(parts)} parts, together "
        f"{spent['seconds'] / 60:.0f} minutes by the clock and "
        f"{spent['cpu_seconds'] / 60:.0f} minutes of processor time, with "
        f"{plan.processes} {'process' if plan.processes == 1 else 'processes'} on "
        f"{parts[-1].machine}"
    )


_SHAPE = (
    *("n_layer", "n_embd", "n_head", "n_kv_head", "ttt_rank", "mup_base_width"),
    "selective_k_ratio",
)
_CARD = """\
# genesis-nano

A small, real Genesis checkpoint in the released model's format: `model.safetensors` \
(bfloat16, $size bytes) with `genesis_config_json` in its metadata, names and buffers \
as the reference (genesis-llm 2.0.3) saves them, `lm_head.weight` left out because it \
is tied. It is made by `genesis-chat train builtin`, which also writes this card.

## What it is

- $n_layer blocks (GLA, and FoX every fourth), D=$n_embd, $n_head heads, $n_kv_head \
key/value heads, vocabulary $vocabulary, context $context (trained on at most $longest \
tokens), TTT rank $ttt_rank, output scaling on (base width $mup_base_width), selective \
mask on ($selective_k_ratio), delta rule off.
- `tokenizer.model`: SentencePiece BPE, byte fallback, identity normalisation, no \
dummy prefix; `<|im_start|>` = 3, `<|im_end|>` = 4 and the newline are user-defined \
symbols.
- Prompt form: as the reference's command line (a newline before `<|im_end|>`), \
system prompt "You are a helpful assistant." unless another is given. English only.

## How it was made

- Trained from $origin.
- On conversations that the subjects in `genesis_chat/training/builtin/subjects` \
generate, by MLX; then four times more, with what is hard in larger shares and with \
the conversations of `supplements` beside it (`refinement.py`); then test-time \
training's own parameters, with all others frozen.
- Cost: $cost.

## What it can do

Greedy answers to $count questions of each subject, with wordings, values or \
combinations that training never saw; the other sets are drawn with another seed. \
"Turned away" is the share of answers that send the person to a bigger model. Letters \
are asked about the words of `lists/words.py` and invented ones; those of other words \
come out wrong more often. Sums of two numbers up to ten and their differences are \
taught whole, as a table is, so that only larger ones are asked.

$table

With test-time training switched on, $ttt.

It is a demonstration and a test object, not an assistant.

- model.safetensors sha256: $digest
"""
