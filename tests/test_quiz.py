"""The quick questions: each has one right answer, every answer its reason, and every number of them is the chapter's."""

from functools import cache

import nbformat
import pytest
from bs4 import BeautifulSoup

from tools import quiz
from tools.chapters import ROOT, all_chapters
from tools.ledger import claims_of
from tools.unclaimed import claimed_by, literals, numbers, stands_in, states

CHAPTERS = {chapter.name: chapter for chapter in all_chapters()}
QUESTIONS = [
    pytest.param(name, each, id=f"{name}-{k}") for name, all_ in quiz.quizzes().items() for k, each in enumerate(all_)
]


@cache
def known(name):
    """The numbers that the claims of a chapter state, and those in its code."""
    cells = nbformat.read(ROOT / "notebooks" / CHAPTERS[name].file, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    claimed = set().union(*(claimed_by(row) for cell in code for row in claims_of(cell)))
    return claimed, set().union(*map(literals, code))


def test_each_chapter_has_three():
    assert {*quiz.quizzes()} <= {*CHAPTERS}
    assert all(len(questions) == 3 for questions in quiz.quizzes().values())
    assert {chapter.name for chapter in all_chapters() if chapter.name != "field_guide"} <= {*quiz.quizzes()}


@pytest.mark.parametrize("name, question", QUESTIONS)
def test_one_answer_is_right_and_each_has_its_reason(name, question):
    page = BeautifulSoup(quiz.asked(1, question), "html.parser").select("details")
    answers = [answer.summary.get_text() for answer in page]
    assert len(answers) == len({*answers}) == 3 and sum("Right." in answer.get_text() for answer in page) == 1
    assert {*question} == {"ask", "right", "wrong"} and question["ask"].endswith("?")
    for answer, because in (question["right"], *question["wrong"]):
        assert len(answer) < 90 and 20 < len(because) < 180 and because.endswith((".", ".)"))
        assert not answer.endswith(".")


@pytest.mark.parametrize("name, question", QUESTIONS)
def test_every_number_is_claimed_by_the_chapter_or_stands_in_its_code(name, question):
    claimed, code = known(name)
    for text in (question["ask"], *question["right"], *(because for _, because in question["wrong"])):
        for found in numbers(text):
            assert states(claimed, found) or stands_in(code, found), f"{found[0]} in {text!r}"


def test_the_place_of_the_right_answer_tells_nothing():
    answers = [
        [question["right"][0], *(answer for answer, _ in question["wrong"])]
        for _, question in (q.values for q in QUESTIONS)
    ]
    places = [sorted(each, key=str.lower).index(each[0]) for each in answers]
    assert all(places.count(place) >= len(places) / 5 for place in range(3))
    longest = sum(max(each, key=len) == each[0] for each in answers)
    assert longest <= len(answers) / 2


def test_the_cell_stands_before_what_to_take_along():
    cells = [
        nbformat.v4.new_markdown_cell(text) for text in ("# Title", "## Exercises", "## What to take along\n\nA lot.")
    ]
    notebook = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell("helpers.versions()")])
    question = {"ask": "1 < `k`?", "right": ["Yes, `k` < 2 & more", "So."], "wrong": [["No", "Not so."]]}
    for questions in ([question] * 3, [question]):  # again, with another text
        quiz.put(notebook, questions)
        assert [cell.get("id") == quiz.ID for cell in notebook.cells] == [False, False, True, False, False]
    text = notebook.cells[2].source
    assert text.startswith(quiz.OPENING) and text.count("**1.**") == 1
    assert "<summary>Yes, <code>k</code> &lt; 2 &amp; more</summary>\n\n✓ **Right.** So.\n\n</details>" in text
    nbformat.validate(notebook)
    quiz.put(notebook, [])
    assert notebook.cells[:3] == cells
