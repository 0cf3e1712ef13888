"""Numbers as options take them."""

import math
from typing import Any

import click

from ..errors import UsageError
from ..setting_table import Setting
from ..settings import AUTO, LARGEST_WHOLE


class SettingNumber(click.FloatRange):
    """A setting's number, read as everywhere else; the range is what help shows."""

    def __init__(self, setting: Setting) -> None:
        # A bound that nobody meets is not worth its place, but seeds are copied.
        met = setting.high < LARGEST_WHOLE or setting.name == "seed"
        super().__init__(setting.low, setting.high if met else None)
        self.setting = setting
        kind = "integer" if setting.kind is int else "number"
        self.name = f"{kind}|auto" if setting.none == AUTO else f"{kind} range"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        name = flag(self.setting.name)
        if value == "":
            # A variable of a shell that is not set; in a form it is an empty field.
            raise click.UsageError(f"{name} is empty; give a value.", ctx)
        try:
            if isinstance(value, str):
                return self.setting.parse(value, name)
            return self.setting.check(value)
        except UsageError as error:
            raise click.UsageError(str(error), ctx) from None


class WholeNumber(click.IntRange):
    """A whole number that everything it is given to can hold."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        number = super().convert(value, param, ctx)
        if number > LARGEST_WHOLE:
            self.fail(f"it can be at most {LARGEST_WHOLE} (2^63 - 1).", param, ctx)
        return number


class PositiveNumber(click.FloatRange):
    """A number above 0; no bound catches infinity and what is not a number."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def flag(name: str) -> str:
    """How an option is written."""
    return f"--{name.replace('_', '-')}"
