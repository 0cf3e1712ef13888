"""Which tokens are joined to larger ones, the first that can be first."""

from collections.abc import Mapping

from ..errors import ConversionError, shown
from .vocabulary import BYTE, NORMAL, UNUSED, Vocabulary


def merges(vocabulary: Vocabulary, known: Mapping[str, int]) -> list[list[str]]:
    """The file's merges in their order. Raises `ConversionError` for a useless one."""
    found = []
    for merge in vocabulary.merges:
        left, right = merge[: (at := merge.find(" ", 1))], merge[at + 1 :]
        if at < 0 or not known.keys() >= {left, right, left + right}:
            raise ConversionError(
                f"The file's merge {shown(repr(merge))} makes no token of its "
                "vocabulary."
            )
        found.append([left, right])
    return found


def merges_of_scores(vocabulary: Vocabulary, own: int) -> list[list[str]]:
    """Every pair of pieces that make a piece, the piece of the best score first.

    SentencePiece joins the two neighbours whose piece has the best score; as a list of
    merges that is all pairs in the order of their pieces' scores. `own` tokens are
    looked at, those that are found before everything else left out.
    """
    scores = vocabulary.scores
    assert scores is not None
    usable = {
        token: index
        for index, token in enumerate(vocabulary.tokens[:own])
        if vocabulary.types[index] not in (BYTE, UNUSED)
    }
    found = []
    for token, index in usable.items():
        if vocabulary.types[index] != NORMAL:
            continue
        for cut in range(1, len(token)):
            left, right = token[:cut], token[cut:]
            if left in usable and right in usable:
                found.append((-float(scores[index]), index, cut, left, right))
    found.sort()
    return [[left, right] for _, _, _, left, right in found]
