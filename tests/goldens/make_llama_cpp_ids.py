"""Make llama_cpp_ids.json again, with llama-cpp-python's llama.cpp.

python tests/goldens/make_llama_cpp_ids.py, where llama_cpp, gguf and sentencepiece are
installed. The merges are the first of SmolLM2's tokenizer (Apache-2.0).
"""

import json
import sys
import tempfile
from functools import partial
from pathlib import Path

import llama_cpp

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
import ggufs  # noqa: E402

RULES = (
    *("gpt-2", "smollm", "llama-bpe", "smaug-bpe", "qwen2", "gpt-4o", "tekken"),
    *("deepseek-coder", "default"),
)
TEXTS = (
    "",
    " ",
    "Hello, world!",
    "  two  spaces   three ",
    "tabs\t\tand\nlines\r\n\r\n  end\n\n\n",
    "I'm sure they've gone; WE'LL see. don'T",
    "12345678901 3.14159 0x1F 1,000,000",
    "the parrot parrots parrot's",
    "camelCaseWords HTTPServer (lC) snake_case __init__(self)",
    "x==y!=z && !(a->b) ... ::: /* */ <= >=",
    "naïve café Straße Ünïcödé e\u0301",
    "北京是中国的首都。日本語 한국어 text混合",
    "привет мир שלום مرحبا हिन्दी ไทย",
    "😀👩‍👩‍👧 ½ ² Ⅷ ٣ \u00a0\u3000\u200b",
    "<|im_start|>user\nhi<|im_end|></s><think>",
    "def f(x):\n    return x + 1\n\n# end",
    "\u2581 under \u2581\u2581",
)
MAX_TOKENS = 4096


def ids(path: Path) -> list[list[list[int]]]:
    """For each text its ids as content, and with control tokens found in it."""
    model = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
    return [
        [
            list(model.tokenize(text.encode(), add_bos=False, special=special))
            for special in (False, True)
        ]
        for text in TEXTS
    ]


def main() -> None:
    """Write the file anew, with the merges it has."""
    content = {"merges": ggufs.goldens()["merges"], "texts": list(TEXTS)}
    makers = {name: partial(ggufs.add_byte_level, pre=name) for name in RULES}
    makers["pieces"] = partial(ggufs.add_pieces, prefix=True)
    makers["pieces without prefix"] = partial(ggufs.add_pieces, prefix=False)
    with tempfile.TemporaryDirectory() as folder:
        for name, maker in makers.items():
            path = Path(folder) / "vocabulary.gguf"
            ggufs.vocabulary_only(path, maker)
            content.setdefault("ids", {})[name] = ids(path)
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    ggufs.GOLDENS.write_text(text.replace('"],"', '"],\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
