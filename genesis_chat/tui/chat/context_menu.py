"""The context menu of what was pointed at: the table's actions that apply there."""

from textual.app import App
from textual.widget import Widget

from ..actions import Action, Keys, keys_of, menu
from ..widgets.menu_request import MenuWanted


async def offer_menu(app: App[object], event: MenuWanted, changed: Keys) -> None:
    """Offer what can be done with what the menu was asked for, and do it.

    `changed` are the keys that the settings file changes, by the ids of actions.
    """
    offered = applicable(app, event)
    if not offered:
        return
    from ..dialogs.menu import Entry, Menu

    entries = [Entry(each.label, _keys(each, event, changed)) for each, _ in offered]
    place = await app.push_screen_wait(Menu(entries, event.at, event.about))
    if place is not None:
        chosen, widget = offered[place]
        # What was pointed at may be gone by now.
        if widget.is_attached:
            await app.run_action(chosen.does, widget)


def _keys(action: Action, event: MenuWanted, changed: Keys) -> tuple[str, ...]:
    """Its keys, or those of the same thing where the keys go."""
    places = [where for where, _ in event.targets]
    same = [a for where in places for a in menu(where) if a.label == action.label]
    return next(filter(None, (keys_of(each, changed) for each in [action, *same])), ())


def applicable(app: App[object], event: MenuWanted) -> list[tuple[Action, Widget]]:
    """Actions that can be done now, each with the widget that does it.

    The nearest widget comes first; the same thing is not offered twice.
    """
    found: dict[str, tuple[Action, Widget]] = {}
    for where, widget in event.targets:
        for each in menu(where):
            if each.label not in found and app._check_action_state(each.does, widget):
                found[each.label] = each, widget
    return list(found.values())
