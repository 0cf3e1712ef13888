"""What people ask about this program, and what is true of it.

In a reply, `{chat.search}` stands for the first key of that action and
`{/chat.search}` for its slash command, so that the replies follow the table of actions.
"""

from dataclasses import dataclass

# How something is asked that one wants to do.
HOW = (
    "How do I _?",
    "How can I _?",
    "How to _?",
    "how do i _",
    "I want to _.",
    "How would I _?",
    "Tell me how to _.",
    "Please tell me how to _.",
    "What do I do to _?",
    "Can you tell me how to _?",
    "How is it possible to _?",
    "What is the way to _?",
)
KEY = (
    "Which key do I press to _?",
    "What key do I use to _?",
    "Is there a key to _?",
    "What is the key to _?",
)
# How something is asked that one wants explained.
WHAT = (
    "What is _?",
    "what is _",
    "What does _ mean?",
    "Explain _.",
    "Tell me about _.",
    "Can you explain _?",
    "What do you know about _?",
    "Please explain _ to me.",
    "What's _?",
    "Describe _.",
    "I do not understand _.",
    "How does _ work?",
)


@dataclass(frozen=True)
class Matter:
    """Something to know: how it is asked (frames around phrases, or whole wordings).

    A right answer has one of `needed`: keys or commands in the reply unless given.
    """

    frames: tuple[str, ...]
    phrases: tuple[str, ...]
    reply: str
    needed: tuple[str, ...] = ()

    def asked(self) -> tuple[str, ...]:
        """All its wordings."""
        return tuple(f.replace("_", p) for f in self.frames for p in self.phrases)


def _do(reply: str, *phrases: str, needed: tuple[str, ...] = ()) -> Matter:
    frames = HOW + KEY if reply.startswith("Press") else HOW
    return Matter(frames, phrases, reply, needed)


def _explain(reply: str, *phrases: str, needed: tuple[str, ...]) -> Matter:
    return Matter(WHAT, phrases, reply, needed)


MATTERS = (
    _do(
        "Press {chat.search} to search all chats, or type {/chat.search}.",
        "search my chats",
        "search all chats",
        "find an old chat",
        "search the history",
    ),
    _do(
        "Press {chat.find} to find words in this chat.",
        "find words in this chat",
        "search this chat",
        "find a word here",
    ),
    _do(
        "Press {chat.new} to start a new chat, or type {/chat.new}.",
        "start a new chat",
        "begin a new conversation",
        "open a new chat",
        "start over",
    ),
    _do(
        "Type {/chat.private} to start a private chat, which is not saved.",
        "start a private chat",
        "chat without saving",
        "keep a chat from being saved",
    ),
    _do(
        "Press {app.models} to choose or download a model.",
        "change the model",
        "choose another model",
        "switch models",
        "use another model",
    ),
    _do(
        "Run `genesis-chat models pull`, or press {app.models} and choose a model.",
        "get a bigger model",
        "download a model",
        "get a better model",
        "install the full model",
        "install a larger model",
        needed=("genesis-chat models pull", "{app.models}"),
    ),
    _do(
        "Type {/chat.export} to export this chat to a file.",
        "export this chat",
        "save a chat to a file",
        "export a conversation",
    ),
    _do(
        "Type {/chat.import} and the name of a file to import chats.",
        "import chats",
        "import conversations from another program",
        "import my old chats",
    ),
    _do(
        "Type {/chat.delete} to move this chat to the trash.",
        "delete this chat",
        "delete a chat",
        "remove a conversation",
    ),
    _do(
        "Type {/chat.trash} to restore a deleted chat, or press {chat.undo}.",
        "restore a deleted chat",
        "get a deleted chat back",
        "bring back a chat from the trash",
    ),
    _do(
        "Press {chat.undo} to undo the last deletion.",
        "undo a deletion",
        "undo the last deletion",
        "undo deleting something",
    ),
    _do(
        "Type {/chat.undo_exchange} to take the last question and its reply back.",
        "take my last question back",
        "undo my last message",
        "take back the last question",
    ),
    _do(
        "Press {chat.regenerate} to generate the last reply again.",
        "regenerate the reply",
        "get another answer",
        "generate the last reply again",
    ),
    _do(
        "Press {chat.resume} to continue a reply that was cut off.",
        "continue a reply",
        "go on with a reply that was cut off",
        "continue the answer",
    ),
    _do(
        "Press {chat.stop} to stop the reply.",
        "stop the reply",
        "stop the answer",
        "make you stop writing",
    ),
    _do(
        "Type {/chat.copy_reply} to copy the last reply.",
        "copy the last reply",
        "copy your answer",
        "copy a reply",
    ),
    _do(
        "Press {chat.system} to set or edit the system prompt.",
        "set the system prompt",
        "change the system prompt",
        "edit the system prompt",
    ),
    _do(
        "Press {chat.settings} to change how replies are generated.",
        "change the settings",
        "set the temperature",
        "open the settings",
        "change how replies are generated",
    ),
    _do(
        "Press {chat.mixers} to show or hide what the mixers do.",
        "see the mixers",
        "show the mixers",
        "open the mixers",
        "watch the mixers",
    ),
    _do(
        "Press {chat.colours} to colour the chat by attention, surprise or certainty.",
        "colour the tokens",
        "color the chat",
        "see how certain you are",
    ),
    _do(
        "Press {chat.sidebar} to show or hide the chat list.",
        "show the chat list",
        "hide the chat list",
        "see all my chats",
    ),
    _do(
        "Press {chat.messages} to select a message; then {message.edit} edits it.",
        "edit a message",
        "change what I wrote",
        "correct my question",
        needed=("{chat.messages}",),
    ),
    _do(
        "Press {composer.newline} for a new line.",
        "write a new line",
        "start a new line",
        "write several lines",
    ),
    _do(
        "Type {/app.theme} to choose a theme.",
        "change the theme",
        "change the colours of the program",
        "choose a theme",
        "get a dark theme",
    ),
    _do(
        "Press {app.help} for the keys and commands.",
        "see the keys",
        "get help",
        "see all keys",
        "open the help",
    ),
    _do(
        "Press {app.palette} to see all commands.",
        "see all commands",
        "open the command palette",
        "find a command",
    ),
    _do(
        "Press {app.quit} to quit. Everything is saved.",
        "quit",
        "leave the program",
        "close this program",
        "exit",
    ),
    _do(
        "Type {/chat.rename} and the new title to rename this chat.",
        "rename this chat",
        "change the title of a chat",
        "give this chat a name",
    ),
    _do(
        "Type {/chat.pin} to pin or unpin this chat.",
        "pin this chat",
        "pin a chat",
        "keep a chat at the top",
    ),
    _do(
        "Type {/chat.attach} and the name of a text file.",
        "attach a file",
        "put a file into a message",
        "send you a file",
    ),
    _do(
        "Press {chat.editor} to write in your external editor.",
        "use my own editor",
        "write in an external editor",
        "open my editor",
    ),
    _do(
        "Run `genesis-chat serve` to serve the models to other programs.",
        "use the models from other programs",
        "start the server",
        "run a server",
        "get an API",
        needed=("genesis-chat serve",),
    ),
    _do(
        "Run `genesis-chat batch` to answer a file of prompts.",
        "answer a file of prompts",
        "run many prompts at once",
        "answer a batch of questions",
        needed=("genesis-chat batch",),
    ),
    _do(
        "Run `genesis-chat finetune` with a file of examples.",
        "finetune a model",
        "train a model on my own data",
        "fine-tune you",
        "teach a model something new",
        needed=("genesis-chat finetune",),
    ),
    _do(
        "Run `genesis-chat history backup` to copy the whole history to a file.",
        "back up my chats",
        "make a backup",
        "save a copy of the history",
        needed=("genesis-chat history backup",),
    ),
    _do(
        "Run `genesis-chat doctor` to check the computer, the history and the models.",
        "check that everything is in order",
        "check the program",
        "find out what is wrong",
        needed=("genesis-chat doctor",),
    ),
    _do(
        "Run `genesis-chat models list` to see the installed models.",
        "see the installed models",
        "list the models",
        "find out which models I have",
        needed=("genesis-chat models list",),
    ),
    _do(
        "Run `genesis-chat config set keys.ACTION KEY` to give an action another key.",
        "change a key",
        "give an action another key",
        "rebind a key",
        needed=("genesis-chat config set",),
    ),
    Matter(
        ("_",),
        (
            "Where are my chats kept?",
            "Where are my chats saved?",
            "Where do you keep my chats?",
            "Where is the history?",
            "Where are the conversations stored?",
            "Where is the history file?",
            "Where do my chats go?",
            "In which file are my chats?",
            "Are my chats saved?",
            "Do you save my chats?",
            "Are the chats kept on my computer?",
            "Where can I find the file with my chats?",
            "where are my chats",
            "Where does this program keep its data?",
            "Which folder has my conversations?",
            "Where are conversations kept?",
        ),
        "In one file on your computer; `genesis-chat history path` says where.",
        ("genesis-chat history path",),
    ),
    Matter(
        ("_",),
        (
            "Are you offline?",
            "Do you work offline?",
            "What does offline mean?",
            "Do you need the internet?",
            "Do I need the internet?",
            "Is anything sent anywhere?",
            "Do you send my data anywhere?",
            "Can you go online?",
            "Is this private?",
            "Who can read my chats?",
            "Does anyone see what I write?",
            "Are my messages sent to a server?",
            "What does it mean that you are offline?",
            "Can you look something up on the internet?",
            "Do you use the cloud?",
            "do you work without internet",
        ),
        "Offline means that I run on your own computer and nothing is sent anywhere.",
        ("nothing is sent",),
    ),
    _explain(
        "Gated linear attention keeps a small state and updates it for each token.",
        "GLA",
        "gated linear attention",
        needed=("small state",),
    ),
    _explain(
        "FoX is softmax attention with a forget gate, which makes old tokens fade.",
        "FoX",
        "forgetting attention",
        "the Forgetting Transformer",
        needed=("forget gate",),
    ),
    _explain(
        "Test-time training changes a few fast weights while the model reads.",
        "TTT",
        "test-time training",
        needed=("fast weights",),
    ),
    _explain(
        "A mixer lets tokens share what they know. Mine are GLA, FoX and TTT.",
        "a mixer",
        "the mixers",
        needed=("GLA, FoX and TTT",),
    ),
    _explain(
        "A system prompt tells me how to behave. Press {chat.system} to set it.",
        "a system prompt",
        "the system prompt",
        needed=("how to behave",),
    ),
    _explain(
        "A private chat is not saved. Type {/chat.private} to start one.",
        "a private chat",
        "private chat",
        needed=("not saved",),
    ),
    _explain(
        "The temperature is how random replies are; 0 takes the likeliest token.",
        "the temperature",
        "temperature",
        needed=("random",),
    ),
    _explain(
        "The context is how much of a chat a model can read at once.",
        "the context",
        "the context window",
        needed=("read at once",),
    ),
    _explain(
        "A token is a piece of text, often part of a word.",
        "a token",
        "tokens",
        needed=("piece of text",),
    ),
)
# How it is asked what a key does.
DOES = (
    "What does _ do?",
    "what does _ do",
    "What is _ for?",
    "What is the key _ for?",
    "What happens when I press _?",
    "What does the key _ do?",
    "Explain the key _.",
    "What can I do with _?",
    "Tell me what _ does.",
    "Why would I press _?",
    "What is the use of _?",
    "What do I get with _?",
    "When do I press _?",
    "_?",
    "What will _ do?",
    "Do you know what _ does?",
)
