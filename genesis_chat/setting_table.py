"""Every setting: its type, its bounds and its words, wherever it is asked for.

Options, the settings file, `/set`, the settings dialog, the server's fields and the
documentation are made from this table. Defaults are those of `GenerationSettings`
and, for the program's, of `genesis_chat.config.Config`.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

from backends.sampling_settings import RANGES

from .errors import OutOfRangeError, UsageError, WrongTypeError
from .settings import (
    AUTO,
    BACKENDS,
    COMPUTE_DTYPES,
    LARGEST_SEED,
    LARGEST_WHOLE,
    REPLY_SWITCHES,
    SAMPLING,
    THINKING_MODES,
    SamplingDefaults,
)

MODELS_OWN = "auto: the model's own"
# Longer values are told by how they begin.
_LONGEST = 60
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    dict: "a table of keys",
}


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: what programs and the settings file call it.
        kind: its type; a float may be given as an int.
        help: what it means, without a full stop.
        label: what people call it, where forms have it.
        scope: whether it is a reply's or the program's.
        low, high: bounds of a number.
        choices: all that a text may be; () is anything.
        none: how None is written, where it may be; None where it may not.
        flags: what its option is called besides its name.
        otherwise: what holds where nothing is said, for people.
    """

    name: str
    kind: type
    help: str
    scope: Literal["reply", "program"] = "program"
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    none: str | None = None
    flags: tuple[str, ...] = ()
    otherwise: str = ""
    label: str = ""

    @property
    def meaning(self) -> str:
        """Its help, to go on beside its label, which it does not say again."""
        help = self.help.removesuffix(f" ({self.label.lower()})")
        return help[:1].lower() + help[1:]

    def check(self, value: Any, where: str = "") -> Any:
        """The value, a float where it is one.

        Raises `WrongTypeError`, `OutOfRangeError`, naming the file `where` it stands,
        in which None is a word.
        """
        name = f"{self.name} in {where}" if where else self.name
        return self._checked(value, name, none=self.none if where else "None")

    def _checked(
        self, value: Any, name: str, written: str = "", none: str | None = None
    ) -> Any:
        """The same, naming it by a `name`, and its value as it was `written`."""
        if value is None and self.none is not None:
            return None
        kinds = (int, float) if self.kind is float else (self.kind,)
        right = isinstance(value, kinds)
        if not right or isinstance(value, bool) != (self.kind is bool):
            raise WrongTypeError(self._wrong(name, value, none))
        if self.choices and value not in self.choices:
            raise OutOfRangeError(self._wrong(name, value, none))
        if self.kind in (int, float) and not self._within(value):
            shown = _cut(written) or _shown(value)
            raise OutOfRangeError(f"{name} must be {self._bounds(value)}, not {shown}.")
        return float(value) if self.kind is float else value

    def _within(self, value: float) -> bool:
        try:
            # A whole number may be too large to be any float.
            number = value if self.kind is int else float(value)
        except OverflowError:
            return False
        return self.low <= number <= self.high and abs(number) < math.inf

    def accepts(self, value: Any) -> bool:
        """Whether it can have a value."""
        try:
            self.check(value)
        except UsageError:
            return False
        return True

    def parse(self, text: str, name: str = "") -> Any:
        """A value as a person writes it.

        Raises `WrongTypeError`, `OutOfRangeError`, which call the setting by a `name`,
        as a form does.
        """
        name = name or self.name
        text = text.strip() if self.kind is not str or self.choices else text
        if self.none is not None and text.lower() in ("", self.none):
            return None
        if self.kind in (int, float):
            try:
                number = self.kind(text)
            except ValueError:
                raise WrongTypeError(self._wrong(name, text, self.none)) from None
            return self._checked(number, name, text)
        if self.kind is bool:
            if text.lower() not in (*_TRUE, *_FALSE):
                raise WrongTypeError(self._wrong(name, text, self.none))
            return text.lower() in _TRUE
        chosen = text.lower() if text.lower() in self.choices else text
        return self._checked(chosen, name)

    def text(self, value: Any) -> str:
        """A value as `parse` reads it."""
        if value is None:
            return self.none or ""
        return str(value).lower() if self.kind is bool else str(value)

    def shown(self, value: Any, own: SamplingDefaults | None) -> str:
        """A value for people, with what "auto" is for the model in use."""
        text = self.text(value)
        if value is None and own and self.name in SAMPLING:
            return f"{text} ({getattr(own, self.name):g})"
        return text

    def _wrong(self, name: str, value: Any, none: str | None) -> str:
        """A sentence about a value of another type, or that is none of the choices."""
        words = _WORDS[self.kind]
        if self.choices:
            words = f"one of {', '.join(self.choices)}"
        elif self.none is not None:
            words += f" or {none}"
        return f"{name} must be {words}, not {_shown(value)}."

    def _bounds(self, value: float) -> str:
        """What a number must be that this one is not."""
        if self.name == "seed":
            return f"a whole number from 0 to {LARGEST_SEED} (2^63 - 1)"
        least = f"at least {self.low:g}"
        if self.high < LARGEST_WHOLE:
            return f"{least} and at most {self.high:g}"
        if value < self.low:
            return least
        # It is too large, infinite or not a number: the lower bound does not matter.
        whole = self.high == LARGEST_WHOLE
        return f"at most {LARGEST_WHOLE} (2^63 - 1)" if whole else "a finite number"


def _shown(value: Any) -> str:
    """A value within a sentence, cut where it goes on and on."""
    # Python writes no decimals of thousands of digits.
    long = isinstance(value, int) and value.bit_length() > 4 * _LONGEST
    return _cut(hex(value) if long else repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _sampling(name: str, label: str, help: str, *flags: str) -> Setting:
    low, high = RANGES[name]
    kind = type(getattr(SamplingDefaults, name))
    return Setting(
        name, kind, help, "reply", low, high, (), AUTO, flags, MODELS_OWN, label
    )


SETTINGS = {
    each.name: each
    for each in (
        Setting(
            "max_tokens",
            int,
            "Maximum tokens per reply",
            "reply",
            1,
            LARGEST_WHOLE,
            none=AUTO,
            otherwise="auto: a quarter of the context, or 512",
            label="Reply length",
        ),
        _sampling(
            "temperature",
            "Temperature",
            "Randomness; 0 always picks the most likely token",
            "--temp",
        ),
        _sampling("top_k", "Top-k", "Sample from the K most likely tokens; 0 is off"),
        _sampling(
            "top_p",
            "Top-p",
            "Sample up to this total probability; 1 is off",
        ),
        _sampling(
            "min_p", "Min-p", "Drop tokens below this share of the top one; 0 is off"
        ),
        _sampling(
            "repetition_penalty",
            "Repetition penalty",
            "Penalise tokens already used; 1 is off",
        ),
        Setting(
            "seed",
            int,
            "Same seed, same reply",
            "reply",
            0,
            LARGEST_SEED,
            none="none",
            otherwise="random",
            label="Seed",
        ),
        *(
            Setting(
                each.name,
                bool,
                each.help.rstrip("."),
                "reply",
                label=each.label.capitalize(),
            )
            for each in REPLY_SWITCHES
        ),
        Setting(
            "thinking",
            str,
            "Whether the model thinks before it answers, if it has the choice",
            "reply",
            choices=THINKING_MODES,
            label="Thinking",
        ),
        Setting(
            "dtype",
            str,
            "Compute precision",
            choices=COMPUTE_DTYPES,
            otherwise="bfloat16 on Metal, int8 weights on a CPU",
        ),
        Setting(
            "backend",
            str,
            "Backend to use",
            choices=BACKENDS,
            otherwise="mlx with Metal, else cpu",
        ),
        Setting("system", str, "System prompt of new conversations"),
        Setting("template", str, "Named system prompt of new conversations"),
        Setting("log", bool, "Keep conversations in the history"),
        Setting(
            "snapshots_mb",
            int,
            "Room for states after each turn, in MB",
            low=0,
            high=LARGEST_WHOLE,
        ),
        Setting("theme", str, "Colours of the full-screen interface"),
        Setting(
            "enter_sends", bool, "Enter sends the message (false: inserts a line break)"
        ),
        Setting("copy_on_select", bool, "Copy at once what the mouse selects"),
        Setting("keys", dict, "Custom key bindings"),
    )
}
REPLY_SETTINGS = {n: each for n, each in SETTINGS.items() if each.scope == "reply"}


def reply_setting(name: str) -> Setting:
    """A setting of replies by its name. Raises `UsageError`."""
    if name not in REPLY_SETTINGS:
        names = ", ".join(REPLY_SETTINGS)
        raise UsageError(f"Unknown setting {name!r}. Settings: {names}.")
    return REPLY_SETTINGS[name]
