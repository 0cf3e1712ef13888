"""What lies in a file's place when a download or a copy went wrong."""

# Longer texts are files of their own, not a server's one sentence.
LONGEST_MESSAGE = 300
SNIFFED_BYTES = 512

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
        "is an XML page, as servers answer with, not the file itself; download it "
        "again",
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
)


def stand_in(start: bytes) -> str:
    """What a file is instead of weights, a tokenizer or a configuration, as a clause.

    `start` is its first `SNIFFED_BYTES` or more, all of it when it is shorter. Empty
    when it may be what it should.
    """
    if not start:
        return "is empty; download it again"
    body = start.removeprefix(b"\xef\xbb\xbf")
    lowered = body.lstrip(b" \t\r\n")[:64].lower()
    for signs, clause in _STARTS:
        if lowered.startswith(signs):
            return clause
    if not start[:SNIFFED_BYTES].strip(b"\0"):
        return "holds nothing but zeros; download it again"
    if len(start) > LONGEST_MESSAGE or not body.isascii():
        return ""
    text = " ".join(body.decode("ascii").split())
    if text.isprintable() and text[:1] not in "{[":
        return f"holds only the text {text[:80]!r}; download it again"
    return ""
