"""Curves as text, as a line and as a picture; the table; figures of a run."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from converters.training_record import MOST_POINTS, Scores, thinned
from genesis_chat.bars import sparkline
from genesis_chat.cli.finetune_show import Sample, chosen, lines
from genesis_chat.cli.training_curves import curves_svg, nice
from genesis_chat.cli.training_plot import TRAINING, VALIDATION, plot
from genesis_chat.cli.training_progress import Figures
from genesis_chat.training.questions import LONG_ANSWER, Question, is_right
from genesis_chat.training.questions import chosen as chosen_questions

FALLING = [(step, 4.0 / step) for step in range(1, 101)]


def text_of(**given: object) -> list[str]:
    arguments = {"training": FALLING, "validation": [(50, 1.0)], "steps": 200}
    rows = plot(**{**arguments, "width": 80, "height": 12, **given})  # type: ignore[arg-type]
    return ["".join(cell.text for cell in row) for row in rows]


def test_a_plot_falls_where_the_losses_fall() -> None:
    rows = text_of()
    assert len(rows) == 14 and max(map(len, rows)) <= 80
    assert "3.00" in rows[0] and "0.00" in rows[11]
    assert rows[0].index(TRAINING) < rows[10].index(TRAINING)
    assert sum(row.count(VALIDATION) for row in rows) == 1
    # Half of the steps are made: nothing is right of the middle.
    assert max(max(row.rfind(TRAINING), row.rfind(VALIDATION)) for row in rows) < 46
    assert "step 1" in rows[-1] and rows[-1].endswith("200")


@pytest.mark.parametrize(
    "given",
    [
        {"training": []},
        {"training": [(1, 2.0)], "steps": 1},
        {"training": [(1, 2.0), (2, 2.0)], "validation": []},
        {"width": 5, "height": 2},
    ],
)
def test_a_plot_of_little(given: dict[str, object]) -> None:
    assert text_of(**given)


def test_a_sparkline_has_the_extremes_at_its_ends() -> None:
    line = sparkline([loss for _, loss in FALLING])
    assert len(line) == 34 and line[0] == "█" and line[-1] == "▁"
    assert (sparkline([]), sparkline([2.0, 2.0])) == ("", "▁▁")


def test_a_picture_is_whole_and_says_what_it_is() -> None:
    svg = curves_svg("a < b & c", FALLING, FALLING[::10])
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert "prefers-color-scheme: dark" in svg
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None and title.text == "a < b & c"
    (curve, *_) = [
        each.attrib["points"].split()
        for each in root.iter("{http://www.w3.org/2000/svg}polyline")
        if each.attrib["class"] == "training"
    ]
    heights = [float(point.split(",")[1]) for point in curve]
    assert heights == sorted(heights) and len(curve) == 100
    ElementTree.fromstring(curves_svg("x", [(1, 0.0)], []))


@pytest.mark.parametrize(
    ("size", "tick"), [(0.3, 0.5), (1.0, 1.0), (1.1, 2.0), (70, 100)]
)
def test_ticks_are_round(size: float, tick: float) -> None:
    assert nice(size) == pytest.approx(tick)


@pytest.mark.parametrize("count", [0, 1, MOST_POINTS, MOST_POINTS + 1, 12345])
def test_a_kept_curve_is_short_and_ends_where_it_ended(count: int) -> None:
    points = [(step, 5.0 - step / count) for step in range(1, count + 1)]
    kept = thinned(points)
    assert len(kept) <= MOST_POINTS
    assert [step for step, _ in kept][-1:] == [count][: len(kept)]
    if count <= MOST_POINTS:
        assert [step for step, _ in kept] == [step for step, _ in points]


def question(number: int, tokens: int = 5) -> Question:
    return Question(f"Question {number}?", f"Answer {number}.", tokens)


def test_questions_are_few_spread_and_short() -> None:
    questions = [question(n) for n in range(1000)] + [question(0, LONG_ANSWER)] * 9
    found = chosen_questions(questions, 100)
    assert len(found) == 100 and found[0] == question(0)
    assert found[-1] == question(990) and len(set(found)) == 100
    assert chosen_questions(questions[:3], 100) == questions[:3]
    assert chosen_questions([question(0, LONG_ANSWER)], 100) == []


def test_a_question_survives_the_disk() -> None:
    asked = Question("x", "y", 3, "system", (("a", "b"), ("c", "d")))
    assert Question.from_dict(asked.to_dict()) == asked
    assert is_right(asked, " y\n") and not is_right(asked, "Y")


def test_the_table_prefers_answers_that_changed() -> None:
    samples = [
        Sample(question(n), "before", "before" if n % 2 else f"Answer {n}.")
        for n in range(20)
    ]
    assert {each.after != "before" for each in chosen(samples)} == {True}
    told = "\n".join(lines(Scores(20, 0, 10, 3.0, 0.5), samples))
    assert re.search(r"right of 20 +0 +10\n", told)
    assert "3.000     0.500" in told and "Answer 0." in told
    assert list(lines(None, samples)) == []


def test_texts_in_the_table_do_not_act() -> None:
    bad = Sample(Question("\x1b[2Jq", "\x1b]0;x\x07e", 1), "\x1b[31m", "\x9b1m")
    told = "".join(lines(Scores(1, 0, 0, None, None), [bad]))
    assert not set(told) & {"\x1b", "\x07", "\x9b"}


def test_figures_say_how_long_it_takes() -> None:
    figures = Figures(100)
    for step in range(1, 11):
        figures.add(
            {"kind": "step", "step": step, "loss": 2.0, "tokens": 50}
            | {"tokens_per_second": 25.0}
        )
    figures.add({"kind": "validation", "step": 10, "loss": 1.5, "best": True})
    figures.add({"kind": "checkpoint", "step": 10})
    assert figures.words == (
        "Step 10 of 100, loss 2.000, validation 1.500, 25 tokens/s, 3 min left"
    )
    assert (figures.best, figures.saved) == ((10, 1.5), 10)
