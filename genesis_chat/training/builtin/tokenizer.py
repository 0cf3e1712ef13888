"""Training the built-in model's tokenizer on the texts that the model is trained on."""

import io
from collections.abc import Iterable

CONTROL = ("<|im_start|>", "<|im_end|>")


def train_tokenizer(texts: Iterable[str], size: int) -> bytes:
    """A SentencePiece model of byte pairs, as the content of `tokenizer.model`.

    It changes no text: nothing is normalised and no space put in front. The control
    tokens and the newline are pieces of their own, and every byte has one, so that
    any text can be written. The same texts give the same pieces.

    Args:
        texts: what to learn from; lines longer than 4,192 bytes are left out.
        size: pieces in all.

    Raises:
        RuntimeError: the texts have too few different pieces for the size.
    """
    import sentencepiece

    written = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(line for text in texts for line in text.splitlines()),
            model_writer=written,
            model_type="bpe",
            vocab_size=size,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            byte_fallback=True,
            split_digits=True,
            user_defined_symbols=[*CONTROL, "\n"],
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        # The library makes an error of its own of a Ctrl+C within the iterator.
        if KeyboardInterrupt.__name__ in str(error):
            raise KeyboardInterrupt from error
        raise
    return written.getvalue()
