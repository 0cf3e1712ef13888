"""The keys of a screen or widget, from the table of actions."""

from textual.binding import Binding, BindingType

from .actions import ACTIONS, Where


def bindings(where: Where, *others: BindingType) -> list[BindingType]:
    """Bindings of all actions in a place that have keys, and some others."""
    found: list[BindingType] = [
        Binding(
            ",".join(each.keys),
            each.does,
            each.label,
            id=each.id,
            priority=each.priority,
        )
        for each in ACTIONS
        if each.where == where and each.keys and each.does
    ]
    return [*found, *others]
