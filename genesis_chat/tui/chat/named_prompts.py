"""System prompts with names."""

from collections.abc import Callable

from ...errors import GenesisChatError


def named_prompts(problem: Callable[[str], None]) -> dict[str, str]:
    """The texts by their names; `problem` is told what is wrong with them."""
    from ...prompts import prompts

    try:
        return {each.name: each.text for each in prompts(problem)}
    except GenesisChatError as error:
        problem(str(error))
        return {}
