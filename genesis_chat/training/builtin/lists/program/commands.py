"""What is done on the command line."""

from .matter import Matter, to_do


def _run(phrases: str, command: str, reply: str) -> Matter:
    """Something a command does, which stands in the reply as `_`."""
    return to_do(phrases, reply.replace("_", f"`{command}`"), command)


COMMANDS = (
    _run(
        "use the models from other programs | start the server | run a server |"
        " get an API | serve a model | use you from another program",
        "genesis-chat serve",
        "Run _ to serve the models to other programs.",
    ),
    _run(
        "answer a file of prompts | run many prompts at once | run a batch |"
        " answer a batch of questions | answer many questions at once",
        "genesis-chat batch",
        "Run _ to answer a file of prompts.",
    ),
    _run(
        "finetune a model | train a model on my own data | fine-tune you | train you |"
        " teach a model something new | finetune you | fine-tune a model",
        "genesis-chat finetune",
        "Run _ with a file of examples to train a model.",
    ),
    _run(
        "back up my chats | make a backup | save a copy of the history |"
        " copy all my chats",
        "genesis-chat history backup",
        "Run _ to copy the whole history to a file.",
    ),
    _run(
        "export all my chats | export the whole history | export every conversation |"
        " save all chats to a file",
        "genesis-chat history export --all",
        "Run _ to export every conversation.",
    ),
    _run(
        "check that everything is in order | check the program | test the program |"
        " find out what is wrong | check my installation",
        "genesis-chat doctor",
        "Run _ to check the computer, the history and the models.",
    ),
    _run(
        "see the installed models | list the models | see my models |"
        " find out which models I have | see which models there are",
        "genesis-chat models list",
        "Run _ to see the installed models.",
    ),
    _run(
        "remove a model | delete a model | uninstall a model | get rid of a model",
        "genesis-chat models remove",
        "Run _ and the name to delete a model.",
    ),
    _run(
        "convert a model | use a GGUF file | install a model from a file |"
        " use a model that I have already",
        "genesis-chat models convert",
        "Run _ and the file to convert a model.",
    ),
    _run(
        "set the default model | make a model the default | change the default model |"
        " always use another model",
        "genesis-chat models default",
        "Run _ and the name to set the default model.",
    ),
    _run(
        "measure the speed | find out how fast you are | run a benchmark |"
        " measure a model",
        "genesis-chat bench",
        "Run _ to measure the speed of a model.",
    ),
    _run(
        "change a key | give an action another key | rebind a key | use other keys |"
        " change the keys",
        "genesis-chat config set",
        "Run _ with keys.ACTION and the new key.",
    ),
    _run(
        "see the saved prompts | list my prompts | see the named prompts |"
        " find the saved system prompts",
        "genesis-chat prompts list",
        "Run _ to see the saved system prompts.",
    ),
    _run(
        "continue the last conversation in the shell | go on with the last chat |"
        " continue my last conversation | ask about the last conversation",
        "genesis-chat ask -c",
        "Run _ and a question to continue the last conversation.",
    ),
    _run(
        "ask one question in the shell | ask from the command line |"
        " get one answer without the interface | ask in a script",
        "genesis-chat ask",
        "Run _ and your question to get one answer.",
    ),
    _run(
        "chat line by line | chat without the full screen | use a screen reader |"
        " use the plain chat",
        "genesis-chat chat --plain",
        "Run _ to chat line by line.",
    ),
)
