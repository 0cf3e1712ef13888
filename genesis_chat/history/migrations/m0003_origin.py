"""Where imported conversations come from, so that the same is not imported twice."""

STATEMENTS = (
    # The program and the id there, such as "chatgpt:6f1c", or a digest of the text.
    "ALTER TABLE conversation ADD COLUMN origin TEXT",
    "CREATE INDEX conversation_origin ON conversation (origin) "
    "WHERE origin IS NOT NULL",
    "CREATE INDEX conversation_created ON conversation (created)",
)
