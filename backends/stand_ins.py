"""What lies in a file's place when a download or a copy went wrong."""

import json

from .errors import shown

# In which a server says why it did not send the file, and nothing else.
_ERROR_KEYS = {"error", "errors", "message", "detail"}
_MORE_KEYS = {"code", "status", "statusCode", "success", "type", "error_description"}
# Longer texts are files of their own, not a server's one sentence.
LONGEST_MESSAGE = 300
SNIFFED_BYTES = 512
DOWNLOAD = "; download it again"

_STARTS = (
    (
        (b"version https://git-lfs", b"version https://hawser"),
        "is a Git LFS pointer, not the file itself; fetch that with `git lfs pull`",
    ),
    (
        (b"/annex/objects/", b"../.git/annex/objects/", b".git/annex/objects/"),
        "is a git-annex pointer, not the file itself; fetch that with `git annex get`",
    ),
    (
        (b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<!--"),
        "is a web page (HTML), not the file itself; download that by its direct link",
    ),
    (
        (b"<?xml", b"<error"),
        f"is an XML page, as servers answer with, not the file itself{DOWNLOAD}",
    ),
    (
        (b"\0\5\x16\7",),
        "is what macOS keeps beside a file, not the file itself; take the one without "
        "`._` in its name",
    ),
    (
        (b"pk\3\4",),
        "is a zip archive, as PyTorch's own checkpoints are; unpack it, or have it "
        "saved as safetensors",
    ),
    ((b"\x1f\x8b",), "is compressed (gzip); unpack it"),
    ((b"(\xb5/\xfd",), "is compressed (zstd); unpack it"),
    ((b"\xfd7zxz",), "is compressed (xz); unpack it"),
    ((b"bzh",), "is compressed (bzip2); unpack it"),
    ((b"7z\xbc\xaf\x27\x1c",), "is a 7-Zip archive; unpack it"),
    ((b"rar!\x1a\x07",), "is a RAR archive; unpack it"),
    (
        tuple(bytes((128, protocol)) for protocol in (2, 3, 4, 5)),
        "is a pickle, as PyTorch's old checkpoints are, which could run any program; "
        "have it saved as safetensors",
    ),
    ((b"\x89hdf\r\n",), "is an HDF5 file; have it saved as safetensors"),
    ((b"\x93numpy",), "is a NumPy array; have it saved as safetensors"),
)
# Of tar, whose sign does not stand first.
_TAR, _TAR_AT = b"ustar", 257


def stand_in(start: bytes) -> str:
    """What a file is instead of weights, a tokenizer or a configuration, as a clause.

    `start` is its first `SNIFFED_BYTES` or more, all of it when it is shorter. Empty
    when it may be what it should.
    """
    if not start:
        return f"is empty{DOWNLOAD}"
    if begins_safetensors(start):
        # The length of its header may spell any sign.
        return ""
    body = start.removeprefix(b"\xef\xbb\xbf")
    lowered = body.lstrip(b" \t\r\n")[:64].lower()
    for signs, clause in _STARTS:
        if lowered.startswith(signs):
            return clause
    if start[_TAR_AT:].startswith(_TAR):
        return "is a tar archive; unpack it"
    if not start[:SNIFFED_BYTES].strip(b"\0"):
        return f"holds nothing but zeros{DOWNLOAD}"
    if len(start) < SNIFFED_BYTES and _is_answer(body):
        text = " ".join(body.decode("utf-8", "replace").split())
        return f"holds only a server's answer, {shown(text)}{DOWNLOAD}"
    if len(start) > LONGEST_MESSAGE or not body.isascii():
        return ""
    text = " ".join(body.decode("ascii").split())
    if text.isprintable() and text[:1] not in "{[":
        return f"holds only the text {text[:80]!r}{DOWNLOAD}"
    return ""


def begins_safetensors(start: bytes) -> bool:
    """Whether a file begins as safetensors does: a header and its length before it."""
    return start[8:9] == b"{" and not any(start[4:8])


def _is_answer(body: bytes) -> bool:
    """Whether a small file is JSON in which a server refuses the file."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(said, dict):
        return False
    return bool(said.keys() & _ERROR_KEYS) and said.keys() <= _ERROR_KEYS | _MORE_KEYS
