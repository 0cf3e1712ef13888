"""The line-by-line chat has what the full-screen one has, for screen readers too."""

from pathlib import Path

from terminal import Result, call

from genesis_chat.history import NewConversation, NewMessage, Store

GREEDY = ("--temp", "0")
FRANCE, PARIS = "What is the capital of France?", "The capital of France is Paris."
JAPAN, TOKYO = "What is the capital of Japan?", "The capital of Japan is Tokyo."


def chat(*lines: str, options: tuple[str, ...] = GREEDY) -> Result:
    result = call("chat", "--plain", *options, stdin="\n".join([*lines, ""]))
    failed = "Error: " in result.err or "is not a command" in result.err
    assert result.code == int(failed), result.err
    assert "Traceback" not in result.err
    return result


def test_a_reply_is_written_again_and_versions_are_browsed(private_home: Path) -> None:
    result = chat(FRANCE, "/again", "/versions", "/versions 1", "/versions 7")
    assert result.out.splitlines() == [PARIS] * 3
    assert f"1. {PARIS}" in result.err and f"2. (current) {PARIS}" in result.err
    assert "no version 7; pick one from 1 to 2" in result.err
    with Store.open() as store:
        latest = store.latest()
        assert latest and len(store.messages(latest.id)) == 3
        assert latest.head == store.messages(latest.id)[1].id


def test_the_last_message_is_sent_in_other_words(private_home: Path) -> None:
    result = chat(FRANCE, f"/edit {JAPAN}", "/edit")
    assert result.out.splitlines() == [PARIS, TOKYO]
    assert "/edit needs" in result.err
    with Store.open() as store:
        latest = store.latest()
        assert latest
        assert [m.content for m in store.branch(latest.id)] == [JAPAN, TOKYO]
        assert len(store.messages(latest.id)) == 4


def test_a_cut_reply_goes_on_from_its_token(private_home: Path) -> None:
    cut = chat(FRANCE, options=(*GREEDY, "--max-tokens", "4"))
    assert "/continue" in cut.err and PARIS.startswith(cut.out.strip())
    result = chat("/continue", options=(*GREEDY, "-c"))
    assert cut.out.strip() + result.out.rstrip("\n") == PARIS
    assert "nothing to continue" in chat("/continue", options=(*GREEDY, "-c")).err


def test_chats_are_numbered_found_and_opened(private_home: Path) -> None:
    chat(FRANCE)
    chat(JAPAN)
    result = chat("/chats", "/chats paris", "/open 1", "/show", "/open 9", "/open")
    listed = [r for r in result.err.splitlines() if r[:2] in ("1.", "2.")]
    assert "Japan" in listed[0] and "France" in listed[1] and "France" in listed[2]
    assert f"You: {FRANCE}" in result.out and f"Genesis: {PARIS}" in result.out
    assert result.err.count("/chats lists them by number") == 2


def test_settings_say_what_auto_is(private_home: Path) -> None:
    lines = ("/set", "/set top_k 3", "/set top_k auto", "/set top_p some", "/set seed")
    result = chat(*lines, options=())
    for said in (
        "repetition_penalty auto (1.05)",
        "temperature auto (0.7)",
        "top_k is 3.",
        "top_k is auto (50).",
        "top_p must be a number or auto",
        "seed is none.",
    ):
        assert said in result.err, said


def test_settings_titles_exports_and_the_trash(
    private_home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "chat.json"
    result = chat(
        "/title Too early",
        "/set max_tokens 3",
        "/set temperature warm",
        "/set colour red",
        FRANCE,
        "/title Capitals",
        f"/export {target}",
        f"/export {target}",
        "/export chat.exe",
        "/delete",
        "/show",
    )
    assert len(result.out) < len(PARIS)
    for said in ("is empty", "a number", "setting 'colour'", "already exists"):
        assert said in result.err, said
    assert "must end in .md" in result.err and "history restore" in result.err
    assert "Capitals" in target.read_text(encoding="utf-8")
    with Store.open() as store:
        assert not store.conversations()
        assert store.conversations(deleted=True)[0].title == "Capitals"


def test_a_command_without_its_text_shows_what_holds(private_home: Path) -> None:
    lines = (FRANCE, "/title Capitals", "/title", "/system", "/again")
    result = chat(*lines, options=(*GREEDY, "-s", "You know every country."))
    assert "Capitals\n/title TEXT" in result.err
    assert "You know every country.\n/system TEXT" in result.err
    assert result.err.count("Renamed") == 1
    assert "New conversation" not in result.err
    with Store.open() as store:
        (kept,) = store.conversations()
        assert kept.title == "Capitals" and len(store.messages(kept.id)) == 3


def test_a_path_that_cannot_be_leaves_the_chat_going(
    private_home: Path, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 300 + ".md")
    paths = ("~nosuchuser9/x.md", str(long), str(tmp_path / "no" / "x.md"))
    result = chat(FRANCE, *(f"/export {path}" for path in paths), JAPAN)
    assert result.out.splitlines() == [PARIS, TOKYO]
    said = [line for line in result.err.splitlines() if line.startswith("Error: ")]
    assert len(said) == len(paths)
    for path, sentence in zip(paths, said, strict=True):
        assert path in sentence
    assert not list(tmp_path.iterdir())


def test_what_is_not_kept_says_so(private_home: Path) -> None:
    result = chat(FRANCE, "/again", "/chats", FRANCE, options=(*GREEDY, "--no-log"))
    assert result.out.splitlines()[0] == PARIS and len(result.out.splitlines()) == 2
    assert result.err.count("needs a saved conversation") == 2
    assert not (private_home / "history.sqlite3").exists()


def test_commands_of_an_empty_chat_say_so(private_home: Path) -> None:
    result = chat("/again", "/continue", "/show", "/versions", "/edit x", "/chats")
    assert result.err.count("is empty") == 5
    assert "None." in result.err


def test_thoughts_are_listed_and_shown_on_request(private_home: Path) -> None:
    said = [
        NewMessage("user", "One word?", None),
        NewMessage("assistant", "Yes.", 0, thought="They ask.\nSo \x1b[2Jyes."),
    ]
    with Store.open() as store:
        store.insert([NewConversation("t", "", said)])
    options = (*GREEDY, "-c")
    folded = chat("/show", options=options).out
    assert "[Thought; /show thoughts shows it]\n" in folded and "Yes." in folded
    assert "They ask" not in folded
    whole = chat("/show thoughts", options=options).out
    assert "[Thought]\n> They ask.\n> So " in whole and "\x1b" not in whole
    assert whole.index("So ") < whole.index("Yes.")
    assert "/show takes" in chat("/show everything", options=options).err
