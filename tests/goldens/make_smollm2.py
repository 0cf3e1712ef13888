"""Make smollm2.json again: `python make_smollm2.py MODEL.gguf`, with llama.cpp.

Needs llama_cpp and gguf, and the file of the package that `models pull smollm2`
fetches. Its weights are unpacked into float32, and so are keys and values: what is
compared is arithmetic. Of every token of a reply the two likeliest ids and their
logits are kept.
"""

import ctypes
import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gguf
import llama_cpp
import numpy as np
from gguf.quants import dequantize

sys.path.insert(0, str(Path(__file__).parent.parent))

from smollm2_goldens import PATH, PROMPTS, REPLY_TOKENS, chatml, digest, texts

FLOAT32 = 0


def main(source: Path) -> None:
    """Write the file beside this script."""
    with tempfile.TemporaryDirectory() as folder:
        wide = Path(folder) / "float32.gguf"
        unpack(source, wide)
        model = llama_cpp.Llama(
            str(wide),
            n_ctx=512,
            type_k=FLOAT32,
            type_v=FLOAT32,
            flash_attn=False,
            verbose=False,
        )
        content = {
            "made_with": version("llama-cpp-python"),
            "digests": [
                "".join(
                    digest(model.tokenize(text.encode(), False, special))
                    for text in texts()
                )
                for special in (False, True)
            ],
            "replies": [reply(model, prompt) for prompt in PROMPTS],
        }
    text = json.dumps(content, separators=(",", ":"))
    PATH.write_text(text.replace('{"prompt"', '\n{"prompt"') + "\n", encoding="utf-8")


def unpack(source: Path, target: Path) -> None:
    """Copy a file with every tensor in float32."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in (
            "general.architecture",
            "general.file_type",
        ):
            continue
        kind, *inner = field.types
        writer.add_key_value(
            field.name, field.contents(), kind, inner[-1] if inner else None
        )
    writer.add_file_type(FLOAT32)
    for tensor in reader.tensors:
        writer.add_tensor(
            tensor.name,
            np.ascontiguousarray(dequantize(tensor.data, tensor.tensor_type)),
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def reply(model: Any, prompt: str) -> dict[str, Any]:
    """A greedy reply: its `ids`, at each the two `best` ones, and their `logits`."""
    ids = model.tokenize(chatml(prompt).encode(), False, True)
    found: dict[str, Any] = {"prompt": ids, "ids": [], "best": [], "logits": []}
    model.reset()
    model.eval(ids)
    while True:
        pointer = llama_cpp.llama_get_logits_ith(model.ctx, -1)
        logits = np.ctypeslib.as_array(
            ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float)), (model.n_vocab(),)
        )
        first, second = (int(i) for i in np.argsort(logits)[:-3:-1])
        found["ids"].append(first)
        found["best"].append([first, second])
        found["logits"].append([round(float(logits[i]), 5) for i in (first, second)])
        if first == model.token_eos() or len(found["ids"]) == REPLY_TOKENS:
            return found
        model.eval([first])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
