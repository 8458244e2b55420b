"""Heat maps of a search: a table of trials whose means are known, and a page that says the same."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.colors import to_hex

from framework.experiment.heat import heat
from framework.report import figures, page, words
from framework.report import heat as drawn
from framework.study import Search, Trial

from .test_report import Reader, _plain

SPACE: Any = {"c": (False, True), "a": (3, 1, 2), "b": ("x", "y")}
WEIGHTS = {"c": 0.1, "a": 0.6, "b": 0.3}


def trial(number: int, score: float, feasible: bool = True, **values: Any) -> Trial:
    return Trial(number, {"c": False, **values}, {"expectancy_r": score}, {"v": score}, {"v": 9}, feasible)


# By hand: at (1, x) the first window has 0.1 and 0.3, the second 0.6: (0.2 + 0.6) / 2 = 0.4.
FIRST = [
    trial(0, 0.1, a=1, b="x"),
    trial(1, 0.3, a=1, b="x"),
    trial(2, 0.9, a=3, b="y"),
    trial(3, 9.0, False, a=3, b="y"),
]
SECOND = [trial(0, 0.6, a=1, b="x"), trial(1, -0.2, a=2, b="x"), trial(2, 5.0, False, a=2, b="y")]
SEARCHES: Any = [(None, FIRST[2], True, FIRST), (None, SECOND[0], True, SECOND), (None, SECOND[1], False, [])]


def made(space: Any = SPACE, searches: Any = SEARCHES, weights: Any = WEIGHTS, objective: str = "expectancy_r") -> Any:
    experiment: Any = SimpleNamespace(space=space, search=Search(9, (objective,)))
    return heat(experiment, searches, {"importances": weights})


def shown(found: Any, plateau: Any = ()) -> tuple[dict[str, Any] | None, Reader, str]:
    view = drawn.shown({"search": {"heat": found, "plateau": list(plateau)}, "windows": [0, 1, 2]})
    html = page.template("heat.html.j2").render({"heat": view, "named": words.named}) if view else ""
    return view, Reader(f"<body>{html}"), html


def test_means_by_hand() -> None:
    found = made()
    assert (found["parameters"], found["by"], found["lower_is_better"]) == (["a", "b"], "importance", False)
    assert found["axes"] == [
        [{"from": value, "to": value} for value in (1, 2, 3)],
        [{"from": value, "to": value} for value in ("x", "y")],
    ]
    cells = {tuple(one["at"]): one for one in found["cells"]}
    assert set(cells) == {(0, 0), (1, 0), (1, 1), (2, 1)}, "nothing else was tried"
    assert cells[0, 0]["score"] == pytest.approx(0.4)
    assert [cells[0, 0][key] for key in ("trials", "feasible", "windows", "chosen")] == [3, 3, 2, 1]
    assert [cells[2, 1][key] for key in ("score", "trials", "feasible", "windows", "chosen")] == [0.9, 2, 1, 1, 1]
    assert cells[1, 0]["chosen"] == 0, "the third window chose nothing: it had the defaults"
    assert math.isnan(cells[1, 1]["score"]) and cells[1, 1]["trials"] == 1


def test_the_table_says_the_summarys_figures() -> None:
    _, read, html = shown(made())
    rows = [[_plain(cell) for cell in row] for row in read.tables["heat-table"]]
    assert rows == [
        ["a", "x", "y"],
        ["1", "+0.40 R 3 of 3 chosen 1×", ""],
        ["2", "−0.20 R 1 of 1", "– 0 of 1"],
        ["3", "", "+0.90 R 1 of 2 chosen 1×"],
    ]
    assert html.count("--deep:0.50") == 1 and html.count("--deep:0.05") == 1, "the best and the worst"
    assert html.count('class="num none"') == 2 and html.count("good chosen") == 2
    text = _plain(" ".join(read.text))
    assert "This is the training's score, not a result: expectancy of the sets" in text
    assert "(3 in all)" in text and "less is better" not in text and "put together" not in text


def test_less_may_be_better() -> None:
    found = made(objective="max_drawdown_r")
    assert found["lower_is_better"]
    _, read, html = shown(found)
    best = next(part for part in html.split("<td") if "--deep:0.50" in part)
    assert "−0.20" in best and "less is better" in " ".join(read.text)


def test_many_values_are_put_together() -> None:
    """Twenty numbers in eight cells: four of three values, then four of two."""
    many = tuple(round(0.5 * i, 1) for i in range(20, 0, -1))
    trials = [trial(i, value, a=value, b="x") for i, value in enumerate(many)]
    found = made({"a": many, "b": ("x", "y")}, [(None, trials[0], True, trials)], {"a": 0.9, "b": 0.1})
    axis = found["axes"][0]
    assert [(one["from"], one["to"]) for one in axis[:2]] == [(0.5, 1.5), (2.0, 3.0)] and len(axis) == 8
    assert [one["trials"] for one in found["cells"]] == [3, 3, 3, 3, 2, 2, 2, 2]
    assert found["cells"][0]["score"] == pytest.approx((0.5 + 1.0 + 1.5) / 3)
    _, read, _ = shown(found)
    assert [_plain(row[0]) for row in read.tables["heat-table"]][1:3] == ["0.5 to 1.5", "2 to 3"]
    assert "Of a neighbouring values are put together" in _plain(" ".join(read.text))


def test_without_importances_the_first_two() -> None:
    found = made(weights=dict.fromkeys(SPACE, math.nan))
    assert (found["parameters"], found["by"]) == (["c", "a"], "order")
    view, read, _ = shown(found)
    assert view and [_plain(cell) for cell in read.tables["heat-table"][0]] == ["a", "no", "yes"]
    assert "Too few sets had enough trades to say which parameters matter" in _plain(" ".join(read.text))


def test_one_parameter_is_drawn_as_bars() -> None:
    found = made({"a": (1, 2, 3)}, weights={"a": math.nan})
    view, read, _ = shown(found)
    assert view and view["table"] is None and "heat-table" not in read.tables
    assert 'aria-label="expectancy in training by a. 1: +0.40' in view["bars"]["wide"]
    rows = [(str(one["at"][0] + 1), one) for one in found["cells"]]
    axes = drawn.bars(rows, words.risks, 510).axes[0]
    # At 2 there is a feasible trial and one that is not; at 3 likewise.
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([0.4, -0.2, 0.9])
    assert [bar.get_alpha() for bar in axes.patches] == [1, 0.45, 1]
    assert [text.get_text().replace(words.THIN, " ") for text in axes.texts] == [
        "+0.40 R, 3 of 3, chosen 1×", "−0.20 R, 1 of 2", "+0.90 R, 1 of 2, chosen 1×"
    ]  # fmt: skip


def test_one_parameter_without_a_score() -> None:
    trials = [trial(0, 1.0, False, a=1)]
    view, _, _ = shown(made({"a": (1, 2)}, [(None, trials[0], False, trials)], {"a": math.nan}))
    assert view and "1: –, 0 of 1 trials" in view["bars"]["wide"]


def test_nothing_searched_or_tried() -> None:
    assert drawn.shown({"search": None, "windows": []}) is None
    assert shown(made(searches=[]))[0] is None


def test_the_plateau_lies_where_the_figures_do() -> None:
    around = [
        {"window": 3, "score": 0.5, "neighbours": 4, "feasible": 3, "median": 0.2, "worst": -0.1},
        {"window": 4, "score": 0.4, "neighbours": 4, "feasible": 0, "median": math.nan, "worst": math.nan},
        {"window": 5, "score": 0.3, "neighbours": 4, "feasible": 4, "median": 0.3, "worst": 0.1},
    ]
    view, _, _ = shown(made(), around)
    assert view and "chosen set" in view["plateau"]["wide"]
    axes = drawn.plateau([around[0], around[2]], words.risks, 510).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["3", "5"]
    test = figures.COLOURS["test"]
    points = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if len(line.get_xdata()) == 1
              and line.get_marker() == "o" and to_hex(line.get_markerfacecolor()) == test]  # fmt: skip
    assert points == [(0.5, 0), (0.3, 1)]
    assert shown(made(), [around[1]])[0]["plateau"] is None  # type: ignore[index]


def test_strings_of_files_are_escaped() -> None:
    hostile = "<script>$x_1$</script>"
    for space in ({hostile: (hostile, "<b>"), "a": (1, 2)}, {hostile: (hostile, "<b>")}):
        values = {name: axis[0] for name, axis in space.items()}  # type: ignore[index]
        one = Trial(0, values, {"expectancy_r": 0.5}, {}, {}, True)
        _, _, html = shown(made(space, [(None, one, True, [one])], dict.fromkeys(space, 0.5)))
        assert "<script" not in html and "<b>$" not in html and "&lt;script&gt;$x 1$" in html
