"""What a model thought before a reply."""

STATEMENTS = ("ALTER TABLE message ADD COLUMN thought TEXT NOT NULL DEFAULT ''",)
