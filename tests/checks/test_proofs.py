"""Claims: what holds and what does not, what a reader sees of it, and when it raises."""

import json
import os

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from helpers.checks import claim, claims, proofs


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, one (bundle, rows) each."""
    kept = []
    monkeypatch.setattr(
        proofs, "display", lambda data, raw, metadata: kept.append((data, metadata["elbo_room"]["claims"]))
    )
    return kept


@pytest.fixture(params=[True, False], ids=["tests", "a reader"])
def strict(request, monkeypatch):
    if request.param:
        monkeypatch.setenv(proofs.STRICT, "1")
    else:
        monkeypatch.delenv(proofs.STRICT, raising=False)
    return request.param


HOLD = {
    "near": {"found": 0.35, "stated": 0.33, "within": 0.02, "because": "4 sd"},
    "equal words": {"found": "left", "stated": "left"},
    "yes": {"found": np.bool_(True), "stated": True},
    "at least": {"found": 3, "at_least": 3, "because": "sd"},
    "a range": {"found": [1, 2], "at_least": 0, "at_most": [1, 3], "because": "sd"},
    "a tolerance for each": {"found": [1, 20], "stated": [1.1, 21], "within": [0.2, 2], "because": "sd"},
    "a column": {"found": pd.Series([1.0, 2.0]), "stated": [1, 2], "within": 0.1, "because": "sd"},
    "infinite": {"found": [np.inf, 1], "stated": [np.inf, 1]},
}
FAIL = {
    "far": {"found": 0.36, "stated": 0.33, "within": 0.02, "because": "4 sd"},
    "other words": {"found": "left", "stated": "right"},
    "no": {"found": False, "stated": True},
    "one of two": {"found": [1, 5], "stated": 1, "within": 1, "because": "sd"},
    "NaN": {"found": np.nan, "stated": np.nan},
    "NaN below a bound": {"found": [0, np.nan], "at_most": 1, "because": "sd"},
    "a tolerance that is NaN": {"found": 1, "stated": 1.1, "within": np.nan, "because": "sd"},
    "too many": {"found": [1, 1, 1], "stated": [1, 1]},
    "nothing": {"found": [], "stated": 1},
    "infinite": {"found": np.inf, "stated": 1, "within": 1, "because": "sd"},
    "words for a number": {"found": "1", "stated": 1},
}


@pytest.mark.parametrize("given", HOLD.values(), ids=HOLD)
def test_holds(given):
    assert claim("it is so", **given).holds is True


@pytest.mark.parametrize("given", FAIL.values(), ids=FAIL)
def test_does_not_hold(given):
    assert claim("it is so", **given).holds is False


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"found": 1}, "claims nothing"),
        ({"found": 1, "stated": 1, "within": 0.1}, "where the tolerance or the bound comes from"),
        ({"found": 1, "at_most": 2}, "where the tolerance or the bound comes from"),
        ({"found": np.zeros(25), "at_most": 2, "because": "sd"}, "is about 25 numbers"),
    ],
)
def test_a_claim_that_is_none(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        claim("it is so", **given)


def test_one_quiet_line_that_opens_to_a_table(shown, strict):
    claims(
        claim("it is |θ| < 3", found=-1.25, stated=-1, within=0.5, because="4 sd"),
        claim("yes", found=True, stated=True),
    )
    ((data, rows),) = shown
    assert data["text/plain"] == "2 claims hold"
    page = BeautifulSoup(data["text/html"], "html.parser")
    assert page.details.summary.text == "2 claims hold" and not page.details.has_attr("open")
    cells = [[cell.text for cell in row.select("td")] for row in page.select("tbody tr")]
    assert cells == [["it is |θ| < 3", "−1.25", "−1 ± 0.5", "4 sd"], ["yes", "yes", "yes", "equal"]]
    assert rows[0] == {
        "words": "it is |θ| < 3", "found": -1.25, "stated": -1, "within": 0.5, "because": "4 sd", "holds": True,
    }  # fmt: skip
    claims(claim("it is so", found=1, stated=1))
    assert shown[1][0]["text/plain"] == "1 claim holds"


def test_a_failure_goes_on_for_a_reader_and_raises_in_tests(shown, strict):
    made = [claim(f"number {k}", found=k, at_most=2, because="sd") for k in range(1, 5)]
    if strict:
        with pytest.raises(proofs.ClaimFailed, match="^number 3: found 3, at most 2; number 4: found 4, at most 2$"):
            claims(*made)
    else:
        claims(*made)
    page = BeautifulSoup(shown[0][0]["text/html"], "html.parser")  # shown in any case
    assert page.details.summary.text == "2 of 4 claims no longer hold: you changed something above"
    assert page.details.has_attr("open")
    assert [row.td.text for row in page.select("tbody tr")] == ["number 1", "number 2", "✗ number 3", "✗ number 4"]
    assert [row["holds"] for row in shown[0][1]] == [True, True, False, False]


def test_rows_are_json(shown, monkeypatch):
    monkeypatch.delenv(proofs.STRICT, raising=False)
    found = [np.nan, 1, np.pi], np.float32(2), np.array([[1, 2], [3, 4]]), "left", np.bool_(False)
    claims(*(claim("it is so", found=x, at_most=np.inf, because="sd") for x in found[:3]))
    claims(*(claim("it is so", found=x, stated=x) for x in found[3:]))
    rows = [row for _, rows in shown for row in rows]
    text = json.dumps(rows, allow_nan=False)
    assert [row["found"] for row in json.loads(text)] == [["nan", 1.0, 3.14159], 2, [[1, 2], [3, 4]], "left", False]


def test_these_tests_are_strict():
    """`conftest.py` sets the variable: without it a claim of a notebook that fails would pass."""
    assert os.environ.get(proofs.STRICT)
