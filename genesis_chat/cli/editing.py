"""Line editing where `input` has it."""

import locale
import os
import sys

from .show import notice

# glibc and musl, macOS, the BSDs; they differ in nothing that is used here.
UTF8_LOCALES = ("C.UTF-8", "C.utf8", "UTF-8", "en_US.UTF-8")


def enable_line_editing() -> None:
    """Give `input` line editing and recall, where the platform has it."""
    _edit_characters()
    try:
        import readline  # noqa: F401 - importing it is what does it
    except ImportError:
        notice("Line editing is not available on this platform.")


def _edit_characters() -> None:
    """Let readline edit characters where the locale knows bytes only.

    Python reads UTF-8 under LC_ALL=C too, but readline asks the environment's locale
    each time what a character is.
    """
    encoding = (getattr(sys.stdin, "encoding", None) or "").replace("-", "").lower()
    if encoding != "utf8" or not hasattr(locale, "nl_langinfo"):
        return
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("", *UTF8_LOCALES):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            codeset = locale.nl_langinfo(locale.CODESET)
            if codeset.replace("-", "").lower() == "utf8":
                if name:
                    stronger = "LC_ALL" if os.environ.get("LC_ALL") else "LC_CTYPE"
                    os.environ[stronger] = name
                return
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
