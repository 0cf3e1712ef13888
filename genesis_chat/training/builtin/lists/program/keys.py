"""What is done in the interface, by a key or a slash command."""

from .matter import to_do

KEYS = (
    to_do(
        "search my chats | search all chats | find an old chat | search the history |"
        " look for something in my chats | search",
        "Press {chat.search} to search all chats, or type {/chat.search}.",
    ),
    to_do(
        "find words in this chat | search this chat | find a word here |"
        " search in the open chat",
        "Press {chat.find} to find words in this chat.",
    ),
    to_do(
        "start a new chat | begin a new conversation | open a new chat | start over |"
        " make a new chat | begin again",
        "Press {chat.new} to start a new chat, or type {/chat.new}.",
    ),
    to_do(
        "start a private chat | chat without saving | keep a chat from being saved |"
        " have a secret chat | chat in private",
        "Type {/chat.private} to start a private chat, which is not saved.",
    ),
    to_do(
        "go back to the last chat | return to the chat before |"
        " open the previous chat | switch back to the other chat",
        "Press {chat.last} to go back to the chat that was open before.",
    ),
    to_do(
        "change the model | choose another model | switch models | use another model |"
        " select a model | pick a different model | load another model",
        "Press {app.models} to choose or download a model.",
    ),
    to_do(
        "get a bigger model | download a model | get a better model |"
        " install the full model | install a larger model | have a smarter model |"
        " get a real model | download Genesis-152M",
        "Run `genesis-chat models pull`, or press {app.models} and choose a model.",
        "genesis-chat models pull",
        "{app.models}",
    ),
    to_do(
        "export this chat | save a chat to a file | export a conversation |"
        " write this chat to a file | export my chat",
        "Type {/chat.export} to export this chat to a file.",
    ),
    to_do(
        "import chats | import conversations | import my old chats | import a file |"
        " bring in chats from another program",
        "Type {/chat.import} and the name of a file to import chats.",
    ),
    to_do(
        "delete this chat | delete a chat | remove a conversation |"
        " throw this chat away | get rid of a chat",
        "Type {/chat.delete} to move this chat to the trash.",
    ),
    to_do(
        "restore a deleted chat | get a deleted chat back | restore a chat |"
        " bring back a chat from the trash | recover a deleted chat | open the trash",
        "Type {/chat.trash} to restore a deleted chat.",
        "{/chat.trash}",
        "{chat.undo}",
    ),
    to_do(
        "empty the trash | delete everything in the trash | clear the trash |"
        " delete chats for good",
        "Type {/chat.purge} to delete everything in the trash for good.",
    ),
    to_do(
        "undo a deletion | undo the last deletion | undo deleting something | undo |"
        " take back a deletion",
        "Press {chat.undo} to undo the last deletion.",
    ),
    to_do(
        "take my last question back | undo my last message | remove my last question |"
        " take back the last question | unsend a message",
        "Type {/chat.undo_exchange} to take the last question and its reply back.",
    ),
    to_do(
        "regenerate the reply | get another answer | generate the last reply again |"
        " have a new answer | try the reply again | regenerate",
        "Press {chat.regenerate} to generate the last reply again.",
    ),
    to_do(
        "continue a reply | go on with a reply that was cut off |"
        " continue the answer | get the rest of the reply",
        "Press {chat.resume} to continue a reply that was cut off.",
    ),
    to_do(
        "stop the reply | stop the answer | make you stop | interrupt you |"
        " cancel the reply",
        "Press {chat.stop} to stop the reply.",
    ),
    to_do(
        "copy the last reply | copy your answer | copy a reply | copy what you said",
        "Type {/chat.copy_reply} to copy the last reply.",
    ),
    to_do(
        "set the system prompt | change the system prompt | edit the system prompt |"
        " write a system prompt | change how you behave",
        "Press {chat.system} to set or edit the system prompt.",
    ),
    to_do(
        "change the settings | set the temperature | open the settings |"
        " change how replies are generated | see the settings | make replies longer",
        "Press {chat.settings} to change how replies are generated.",
    ),
    to_do(
        "see the mixers | show the mixers | open the mixers | watch the mixers |"
        " hide the mixers | see what the mixers do",
        "Press {chat.mixers} to show or hide what the mixers do.",
    ),
    to_do(
        "colour the tokens | color the chat | see how certain you are |"
        " colour the chat | see the attention",
        "Press {chat.colours} to colour the chat by attention, surprise or certainty.",
    ),
    to_do(
        "show the chat list | hide the chat list | see all my chats | list my chats |"
        " open the sidebar",
        "Press {chat.sidebar} to show or hide the chat list.",
    ),
    to_do(
        "edit a message | change what I wrote | correct my question |"
        " edit my last message",
        "Press {chat.messages} to select a message; then {message.edit} edits it.",
        "{chat.messages}",
    ),
    to_do(
        "write a new line | start a new line | write several lines | add a line",
        "Press {composer.newline} for a new line.",
    ),
    to_do(
        "send a message | send what I wrote | send my question | submit a message",
        "Press {composer.send} to send the message.",
    ),
    to_do(
        "change the theme | change the colours of the program | choose a theme |"
        " get a dark theme | use a light theme | make it dark",
        "Type {/app.theme} to choose a theme.",
    ),
    to_do(
        "see the keys | get help | see all keys | open the help | learn the keys |"
        " find out which keys there are | list the keys",
        "Press {app.help} for the keys and commands.",
    ),
    to_do(
        "see all commands | open the command palette | find a command |"
        " list the commands",
        "Press {app.palette} to see all commands.",
    ),
    to_do(
        "quit | leave the program | close this program | exit | stop the program |"
        " get out of here | close Genesis Chat",
        "Press {app.quit} to quit. Everything is saved.",
    ),
    to_do(
        "rename this chat | change the title of a chat | give this chat a name |"
        " rename a chat | set a title",
        "Type {/chat.rename} and the new title to rename this chat.",
    ),
    to_do(
        "pin this chat | pin a chat | keep a chat at the top | unpin a chat",
        "Type {/chat.pin} to pin or unpin this chat.",
    ),
    to_do(
        "attach a file | put a file into a message | send you a file | add a file |"
        " show you a text file",
        "Type {/chat.attach} and the name of a text file.",
    ),
    to_do(
        "use my own editor | write in an external editor | open my editor |"
        " write in another editor",
        "Press {chat.editor} to write in your external editor.",
    ),
)
