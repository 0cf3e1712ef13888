"""The first schema: conversations, their messages as trees, and full-text search."""

STATEMENTS = (
    """
    CREATE TABLE conversation (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        system TEXT NOT NULL,
        head TEXT,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        turn INTEGER NOT NULL,
        deleted INTEGER,
        checksum BLOB NOT NULL
    ) STRICT
    """,
    # `turn` counts changes of all conversations: order must not depend on the clock.
    "CREATE INDEX conversation_turn ON conversation (turn)",
    """
    CREATE TABLE message (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        conversation TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
        parent TEXT REFERENCES message (id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        content TEXT NOT NULL,
        status TEXT NOT NULL,
        created INTEGER NOT NULL,
        token_ids BLOB NOT NULL,
        receipt TEXT,
        writer TEXT,
        checksum BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX message_conversation ON message (conversation, number)",
    "CREATE INDEX message_parent ON message (parent)",
    "CREATE INDEX message_writer ON message (writer) WHERE writer IS NOT NULL",
    """
    CREATE VIRTUAL TABLE message_text USING fts5 (
        content, content='message', content_rowid='number',
        tokenize="unicode61 remove_diacritics 2"
    )
    """,
)
