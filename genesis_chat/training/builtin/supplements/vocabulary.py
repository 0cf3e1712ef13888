"""Letters of the words of the language, and the words said back."""

import random
from functools import cache

from ..conversation import Conversation, conversation_of, is_held_out
from ..drawing import drawn
from ..lists.people import invented
from ..packages import package
from ..plan import REVIEW
from ..subjects import letters, repetition, reversing, spelling

WEIGHTS = {REVIEW: 100.0}
_MOST, _LONGEST, _SHORTEST = 12_000, 10, 3
_SPELLED, _REVERSED, _COUNTED = 0.3, 0.15, 0.15
_NAMES, _SENTENCES = 0.1, 0.6
_ASKED = (
    *repetition.ASKED,
    *('Say "_".', 'Repeat "_".', "Say exactly: _", "Please say this back to me: _"),
    *("Say it back: _", "Repeat what I say: _", "Repeat the sentence: _", "Say _"),
    *("Repeat the words: _", "Now say: _", 'Please repeat "_"', "Repeat after me, _"),
    *("Please repeat this sentence: _", "Say this sentence: _", "Copy this: _"),
)


def conversation(rng: random.Random) -> Conversation:
    """A word to spell, to reverse or to count, or words to say again."""
    share = rng.random()
    if share < _SPELLED:
        return drawn(rng, False, lambda rng: spelling.asked_for(rng, _word(rng)))
    share -= _SPELLED
    if share < _REVERSED:
        return drawn(rng, False, _reversed)
    if share < _REVERSED + _COUNTED:
        return drawn(rng, False, lambda rng: letters.asked_for(rng, _word(rng)))
    return _repeated(rng)


def _reversed(rng: random.Random) -> tuple[str, str]:
    while len(word := _word(rng)) > reversing.LONGEST:
        pass
    return reversing.asked_for(rng, word)


def _repeated(rng: random.Random) -> Conversation:
    while True:
        count = rng.randint(1, 9)
        said = " ".join(
            invented(rng) if rng.random() < _NAMES else _common(rng)
            for _ in range(count)
        )
        if not is_held_out(said.casefold()):
            break
    if rng.random() < _SENTENCES:
        said = said[0].upper() + said[1:] + rng.choice("...!?")
    return conversation_of(rng.choice(_ASKED).replace("_", said), said)


def _word(rng: random.Random) -> str:
    while len(word := rng.choice(_words())) < _SHORTEST:
        pass
    return word


def _common(rng: random.Random) -> str:
    """A word, the commoner ones more often."""
    return _words()[int(len(_words()) * rng.random() ** 2)]


@cache
def _words() -> tuple[str, ...]:
    """Words of English, the commonest first."""
    counted = package("spellchecker").SpellChecker().word_frequency.dictionary
    # As often as each other they are in the order of letters, on every computer.
    ordered = sorted(counted, key=lambda word: (-counted[word], word))[:_MOST]
    return tuple(
        w for w in ordered if w.isascii() and w.isalpha() and len(w) <= _LONGEST
    )
