"""What `/help` prints in a conversation line by line."""

HELP = """\
/new            start a new conversation
/chats [WORDS]  list recent conversations, or search them
/open N         open one from the list
/show           print the whole conversation; /show thoughts with all thoughts
/again          generate the last reply again
/continue       continue a cut-off reply
/edit TEXT      replace your last message
/versions [N]   list alternative replies, or pick one
/system [TEXT]  show the system prompt, or set it (starts a new conversation)
/set NAME VALUE change a sampling setting; /set alone lists them
/title [TEXT]   show the title, or rename the conversation
/export FILE    export the conversation (.md, .json or .jsonl)
/delete         move it to the trash and start a new one
/stats          show or hide speed and token counts
/help           show this help
/quit           quit (or Ctrl+D)
Ctrl+C stops a reply."""
