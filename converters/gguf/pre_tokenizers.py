"""How texts are cut into words, by the name a GGUF file gives for it.

`tokenizer.ggml.pre` names a rule that the file itself does not hold. Those here were
compared with llama.cpp's ids; another name is refused, since a wrong rule gives wrong
ids that nobody sees.
"""

from dataclasses import dataclass

from ..errors import ConversionError, shown

_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
_SHORTENED = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"


def _modern(digits: str) -> str:
    return (
        rf"{_SHORTENED}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )


@dataclass(frozen=True)
class PreTokenizer:
    """Patterns that cut one after the other, and what else a name stands for.

    With `whole_words` a word that is a token is taken whole, whatever the merges say.
    `add_bos` is what holds when the file does not say it.
    """

    patterns: tuple[str, ...]
    whole_words: bool = False
    add_bos: bool = False


_GPT2 = PreTokenizer((_WORDS,))
_DIGITS = PreTokenizer((r"\p{N}", _WORDS))
_LLAMA3 = PreTokenizer((_modern(r"\p{N}{1,3}"),), whole_words=True, add_bos=True)
_LLAMA3_MERGED = PreTokenizer(_LLAMA3.patterns)
_QWEN2 = PreTokenizer((_modern(r"\p{N}"),))


def _by_case(after: str, digits: str) -> str:
    upper, lower = r"(?=[\p{L}])([^a-z])", r"(?=[\p{L}])([^A-Z])"
    start = r"[^\r\n\p{L}\p{N}]?"
    return (
        rf"{start}({upper})*({lower})+{after}|{start}({upper})+({lower})*{after}"
        rf"|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )


_TEKKEN = PreTokenizer((_by_case("", r"\p{N}"),), whole_words=True, add_bos=True)
_GPT4O = PreTokenizer((_by_case(f"{_SHORTENED}?", r"\p{N}{1,3}"),))
_DEEPSEEK_CODER = PreTokenizer(
    (
        r"[\r\n]",
        r"\s?\p{L}+",
        r"\s?\p{P}+",
        "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+",
        r"\p{N}",
    )
)
_DEFAULT = PreTokenizer((r"[\p{P}\$\+<=>\^~\|]+", _WORDS, r"\p{N}+", "[0-9][0-9][0-9]"))

PRE_TOKENIZERS = {
    **dict.fromkeys(("gpt-2", "mpt", "olmo"), _GPT2),
    **dict.fromkeys(
        ("smollm", "starcoder", "refact", "command-r", "codeshell", "minerva-7b"),
        _DIGITS,
    ),
    **dict.fromkeys(("llama-bpe", "llama3", "llama-v3", "falcon3"), _LLAMA3),
    **dict.fromkeys(("smaug-bpe", "dbrx", "chatglm-bpe"), _LLAMA3_MERGED),
    **dict.fromkeys(("qwen2", "deepseek-r1-qwen", "megrez", "stablelm2"), _QWEN2),
    **dict.fromkeys(("gpt-4o", "llama4"), _GPT4O),
    "tekken": _TEKKEN,
    "deepseek-coder": _DEEPSEEK_CODER,
    "default": _DEFAULT,
}


def pre_tokenizer(name: object) -> PreTokenizer:
    """The rule of that name. Raises `ConversionError` when it is not known."""
    if name is None:
        raise ConversionError(
            "The file does not say how its tokenizer cuts texts (tokenizer.ggml.pre), "
            "as old files do not; get a newer GGUF file of the model."
        )
    if not isinstance(name, str) or name not in PRE_TOKENIZERS:
        raise ConversionError(
            f"The file's tokenizer cuts texts by {shown(repr(name))} "
            "(tokenizer.ggml.pre), which is not known here; known are "
            f"{', '.join(sorted(PRE_TOKENIZERS))}."
        )
    return PRE_TOKENIZERS[name]
