"""Everything that can be done in the interface, in one table without Textual.

Keys, the command palette, slash commands, the footer, help and the list of keys in the
documents are made from it.
"""

from .action import Action, Where
from .keys import key_name, key_names
from .table import (
    ACTIONS,
    Keys,
    Row,
    action,
    command,
    command_rows,
    first_key,
    hints,
    key_rows,
    keys_of,
    menu,
    takes_none,
    unknown_command,
    unknown_keys,
)

__all__ = [
    "ACTIONS",
    "Action",
    "Keys",
    "Row",
    "Where",
    "action",
    "command",
    "command_rows",
    "first_key",
    "hints",
    "key_name",
    "key_names",
    "key_rows",
    "keys_of",
    "menu",
    "takes_none",
    "unknown_command",
    "unknown_keys",
]
