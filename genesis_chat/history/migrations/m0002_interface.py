"""What a full-screen interface keeps: pins, settings, drafts, deleted messages."""

STATEMENTS = (
    "ALTER TABLE conversation ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
    # Sampling settings that differ from the defaults, as a JSON object.
    "ALTER TABLE conversation ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE message ADD COLUMN deleted INTEGER",
    # `place` is a conversation's id, or empty for the one that has not begun.
    "CREATE TABLE draft (place TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT",
)
