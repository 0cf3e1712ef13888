"""The real SmolLM2: whole, and its tokenizer equal to llama.cpp's."""

from pathlib import Path

import smollm2_goldens as goldens
from tokenizers import Tokenizer
from turns import finished

from converters import read_manifest, verify
from genesis_chat.engine import LocalEngine, Request, open_model
from genesis_chat.settings import GenerationSettings


def test_it_is_whole(smollm2: Path) -> None:
    manifest = read_manifest(smollm2)
    assert manifest.parameters == 134_515_008
    assert manifest.license == "apache-2.0" and manifest.stored_as == "Q4_1, Q8_0"
    assert verify(smollm2) == []


def test_texts_get_the_ids_of_llama_cpp(smollm2: Path) -> None:
    ours, texts = Tokenizer.from_file(str(smollm2 / "tokenizer.json")), goldens.texts()
    assert len(texts) == 2_000
    for special, expected in enumerate(goldens.read()["digests"]):
        ours.encode_special_tokens = not special
        found = ours.encode_batch(texts, add_special_tokens=False)
        wrong = [
            text
            for number, (text, each) in enumerate(zip(texts, found, strict=True))
            if goldens.digest(each.ids) != expected[8 * number : 8 * number + 8]
        ]
        assert wrong == []


def test_it_answers_in_its_own_way(smollm2: Path) -> None:
    """With Genesis's repetition penalty it said "Paris, France."."""
    model = open_model(smollm2)
    settings = GenerationSettings(temperature=0, max_tokens=12)
    asked = Request("What is the capital of France?", settings, goldens.SYSTEM)
    reply = finished(LocalEngine(model).reply(asked))
    model.format.close()
    assert reply.settings.repetition_penalty == 1
    assert reply.text == "The capital of France is Paris."
