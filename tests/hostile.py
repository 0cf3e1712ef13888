"""Texts that act on a terminal, on Markdown or on markup, if they are let."""

import random

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"
PAYLOADS = [
    f"{ESC}]0;title{BEL}",
    f"{ESC}]2;title{ST}",
    f"{ESC}]52;c;aGVsbG8={BEL}",
    f"{ESC}]52;p;aGVsbG8={ST}",
    f"{ESC}]8;;http://evil.example{ST}link{ESC}]8;;{ST}",
    f"{ESC}]8;;file:///etc/passwd{BEL}x{ESC}]8;;{BEL}",
    f"{ESC}]10;?{BEL}",
    f"{ESC}]11;?{ST}",
    f"{ESC}]4;0;?{BEL}",
    f"{ESC}]50;font{BEL}",
    f"{ESC}]1337;File=inline=1:AAAA{BEL}",
    f"{ESC}]1337;SetMark{BEL}",
    f"{ESC}]777;notify;a;b{BEL}",
    f"{ESC}]9;notify{BEL}",
    f"{ESC}]99;i=1;x{ST}",
    f"{ESC}]133;A{BEL}",
    f"{ESC}P+q544e{ST}",
    f"{ESC}P$qm{ST}",
    f"{ESC}P0;1|17/41{ST}",
    f"{ESC}_Gf=24,s=1,v=1;AAAA{ST}",
    f"{ESC}^private{ST}",
    f"{ESC}Xstring{ST}",
    f"{ESC}c",
    f"{ESC}[2J",
    f"{ESC}[3J",
    f"{ESC}[?1049l",
    f"{ESC}[?1049h",
    f"{ESC}[?25l",
    f"{ESC}[?1000h",
    f"{ESC}[?2004l",
    f"{ESC}[21t",
    f"{ESC}[18t",
    f"{ESC}[6n",
    f"{ESC}[c",
    f"{ESC}[>c",
    f"{ESC}[?6n",
    f"{ESC}[5i",
    f"{ESC}[4i",
    f"{ESC}[1;1H{ESC}[41m",
    f"{ESC}[10;20r",
    f"{ESC}[>4;2m",
    f"{ESC}[=1u",
    f"{ESC}#8",
    f"{ESC}(0",
    f"{ESC}7{ESC}8",
    f"{ESC}n{ESC}o",
    "\x9b2J",
    "\x9d0;title\x9c",
    "\x90q\x9c",
    "\x0e\x0f",
    "\x05",
    "\x07\x08\x08\x08",
    "a\rb\x0bc\x0cd",
    "\x7f\x00\x1a",
    "\u202eevil\u202c \u2066x\u2069",
    "\U000e0041\U000e0042",
    "[link=http://evil.example]x[/link] [@click=app.quit]y[/]",
    "[bold red]x[/] [/] [[ ]] \\[b]",
    "[x](javascript:alert(1)) ![y](file:///etc/passwd) <script>z</script>",
    f"```{ESC}]0;t{BEL}\n{ESC}[2J\n``` | {ESC}[2J | b |",
    "&#x202e;evil&#8236; &#x2066;x",
    "&#27;[2J &#x9b;2J &#155;2J",
    "a&#13;b&#x0d;c&#7;",
    "&#xe0041;&#917570;&rlm;&lrm;",
    "[x](https://a.example/&#x202e;b&#13;c)",
    "| a |\n|---|\n| &#x202e;&#13; |\n\n## &#8238;\n\n![&#8238;](x)",
]
assert len(PAYLOADS) == 66

_PIECES = [ESC, BEL, ST, "[", "]", "?", ";", "0", "1", "m", "h", "J", "\x9b", "\x9d"]
_PIECES += ["\r", "\n", "\t", "\x00", "\x7f", "`", "*", "#", "|", "<", ">", "\\", "a"]
_PIECES += [
    "&#8238;",
    "&#13;",
    "&#27;",
    "\u202e",
    "\u200b",
    "\ud800",
    "\U000e0001",
    "é",
    "日本",
    "http://x",
    " ",
]


def strings(count: int, seed: int) -> list[str]:
    """Random texts made of what acts."""
    draw = random.Random(seed)
    return [
        "".join(draw.choices(_PIECES, k=draw.randrange(1, 40))) for _ in range(count)
    ]
