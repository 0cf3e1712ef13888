"""What is asked about the program and about what is in it."""

from .matter import to_answer, to_explain

IDEAS = (
    to_answer(
        """
        Where are my chats kept?
        Where are my chats saved?
        Where do you keep my chats?
        Where is the history?
        Where are the conversations stored?
        Where is the history file?
        Where do my chats go?
        In which file are my chats?
        Are my chats saved?
        Do you save my chats?
        Are the chats kept on my computer?
        Where can I find the file with my chats?
        Where are my chats?
        Where does this program keep its data?
        Which folder has my conversations?
        Where are conversations kept?
        Where do you store what I write?
        Is this chat saved?
        Where is my history stored?
        Where do I find my chats on the disk?
        Do you keep what I say?
        In which folder is the history?
        """,
        "In one file on your computer; `genesis-chat history path` says where.",
        "one file on your computer",
        "genesis-chat history path",
    ),
    to_answer(
        """
        Are you offline?
        Do you work offline?
        What does offline mean?
        Do you need the internet?
        Do I need the internet?
        Is anything sent anywhere?
        Do you send my data anywhere?
        Can you go online?
        Is this private?
        Who can read my chats?
        Does anyone see what I write?
        Are my messages sent to a server?
        What does it mean that you are offline?
        Can you look something up on the internet?
        Do you use the cloud?
        Do you work without the internet?
        Is my data safe?
        Are you connected to the internet?
        Does this program need a network?
        Can you use this without a connection?
        Why are you offline?
        Is what I write kept private?
        """,
        "Offline means that I run on your own computer and nothing is sent anywhere.",
        "nothing is sent",
    ),
    to_answer(
        """
        What are the slash commands?
        Which slash commands are there?
        What commands do you have?
        Which commands can I type?
        How do slash commands work?
        How do I use commands?
        What can I type after a slash?
        Where do I see the slash commands?
        What does a slash do?
        How do I enter a command?
        List the slash commands.
        Tell me the slash commands.
        What happens if I type a slash?
        Are there slash commands?
        Which commands are there?
        How do I give you a command?
        """,
        "Type / at the beginning of a message to see the commands.",
        "Type /",
    ),
    to_answer(
        """
        Why are you so small?
        Why do you know so little?
        Why are you not smarter?
        Why are your answers so simple?
        Why can you do so little?
        Why are you so stupid?
        Why are you so limited?
        Are you the real model?
        Are you the full model?
        Is this the full model?
        Is there a bigger model?
        Is there a better model?
        Are there other models?
        Can you become smarter?
        What is the full model?
        Which bigger model is there?
        """,
        "I am only the built-in model; `genesis-chat models pull` gets a bigger one.",
        "genesis-chat models pull",
    ),
    to_explain(
        "GLA | gated linear attention",
        "Gated linear attention keeps a small state and updates it for each token.",
        "small state",
    ),
    to_explain(
        "FoX | forgetting attention | the Forgetting Transformer",
        "FoX is softmax attention with a forget gate, which makes old tokens fade.",
        "forget gate",
    ),
    to_explain(
        "TTT | test-time training",
        "Test-time training changes a few fast weights while the model reads.",
        "fast weights",
    ),
    to_explain(
        "a mixer | the mixers | a token mixer",
        "A mixer lets tokens share what they know. Mine are GLA, FoX and TTT.",
        "GLA, FoX and TTT",
    ),
    to_explain(
        "a system prompt | the system prompt",
        "A system prompt tells me how to behave. Press {chat.system} to set it.",
        "how to behave",
    ),
    to_explain(
        "a private chat | the private chat",
        "A private chat is not saved. Type {/chat.private} to start one.",
        "not saved",
    ),
    to_explain(
        "the temperature | temperature",
        "The temperature is how random replies are; 0 takes the likeliest token.",
        "random",
    ),
    to_explain(
        "the context | a context window",
        "The context is how much of a chat a model can read at once.",
        "read at once",
    ),
    to_explain(
        "a token | tokens",
        "A token is a piece of text, often a part of a word.",
        "piece of text",
    ),
    to_explain(
        "a seed | the seed",
        "With the same seed, a model gives the same reply again.",
        "same reply",
    ),
    to_explain(
        "Genesis Chat | this program",
        "Genesis Chat is a program to chat with small models on your own computer.",
        "chat with small models",
    ),
    to_explain(
        "Genesis-152M | Genesis-152M-Instruct",
        "Genesis-152M is the full model. Run `genesis-chat models pull` to get it.",
        "full model",
    ),
)
