"""R, MAE and MFE of a hand-made table: histogram, shares, pictures, and what is said of what is not in them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from framework.experiment.excursions import edges, excursions
from framework.report import figures, page, spread, words

from .test_report import Reader, _plain

HAND = pd.DataFrame(
    [
        # r, mae, mfe, pnl, exit_reason
        (-1.0000000000001, 1.0, 0.2, -100.0, "stop"),
        (-0.9999999999999, 1.0, 1.0, -100.0, "stop"),  # had been 1 R ahead
        (-4.5, 4.5, 0.0, -450.0, "stop"),
        (0.0, 0.3, 1.2, 0.0, "time"),  # won nothing, had been ahead
        (0.24, 0.6, 0.5, 24.0, "time"),  # won, had been against
        (2.0, 0.5, 2.0, 200.0, "target"),  # 0.5 is not more than 0.5
        (math.nan, math.nan, math.nan, 50.0, "time"),
        (5.0, 0.9, 5.0, 500.0, "open"),
    ],
    columns=["r", "mae", "mfe", "pnl", "exit_reason"],
).assign(variant="aggressive")
CLOSED = HAND[HAND["exit_reason"] != "open"]


def made(trades: pd.DataFrame = HAND, name: str = "aggressive") -> dict[str, Any]:
    closed = trades[(trades["exit_reason"] != "open") & (trades["variant"] == name)]
    return excursions(closed, trades, np.arange(len(closed)))


def shown(trades: pd.DataFrame = HAND, names: tuple[str, ...] = ("aggressive",)) -> tuple[dict[str, Any], Reader, str]:
    summary = {"variants": {name: {"excursions": made(trades, name)} for name in names}}
    tested: Any = SimpleNamespace(trades=trades)
    view = spread.shown(summary, tested, names)
    html = page.template("spread.html.j2").render({"spread": view, "variants": names, "named": words.named})
    return view, Reader(f"<body>{html}"), html


def test_the_histogram_by_hand() -> None:
    found = made()
    assert found["edges"] == [-3 + 0.25 * i for i in range(21)], "from −3, below which one is gathered, to 2"
    counts = dict(zip(found["edges"], found["counts"], strict=False))
    assert {edge: n for edge, n in counts.items() if n} == {-3: 1, -1: 2, 0: 2, 1.75: 1}
    assert (found["below"], found["above"], found["without_r"]) == (1, 0, 1)


def test_the_shares_by_hand() -> None:
    found = made()
    assert (found["winners_against"]["value"], found["winners_against"]["n"]) == (0.5, 2)
    assert (found["losers_ahead"]["value"], found["losers_ahead"]["n"]) == (0.5, 4)
    assert not found["losers_ahead"]["enough"]


@pytest.mark.parametrize(
    ("r", "first", "last", "step"),
    [
        ([], -2, 2, 0.25),
        ([math.nan], -2, 2, 0.25),
        ([-0.5, 0.5], -2, 2, 0.25),
        ([-2.3, 2.9], -3, 3, 0.25),
        ([-9.0, *[3.1] * 99], -3, 4, 0.5),
        ([*[1.0] * 99, 500.0], -2, 2, 0.25),  # one of a hundred is beyond 98 %
        ([300.0, 500.0], -2, 10, 0.5),
    ],
)
def test_the_bins(r: list[float], first: float, last: float, step: float) -> None:
    found = edges(np.array(r))
    assert (found[0], found[-1], found[1] - found[0]) == (first, last, step)
    assert {-1.0, 0.0} <= set(found)


def test_what_is_beyond_is_in_the_last_bins_and_counted() -> None:
    trades = pd.concat([HAND, HAND.iloc[[5] * 200], HAND.iloc[[5]].assign(r=2.5)])
    found = made(trades)
    assert (found["above"], found["counts"][-1]) == (1, 202)
    assert sum(found["counts"]) == 207


def test_the_page_says_the_summarys_figures() -> None:
    view, read, _ = shown()
    rows = {_plain(row[0]): _plain(row[1]) for row in read.tables["excursions"][1:]}
    assert rows["Winners that had been more than 0.5 R against their entry"].startswith("too few (2) 50 %")
    assert rows["Others that had been 1 R or more ahead"].startswith("too few (4) 50 %")
    text = _plain(" ".join(read.text))
    assert "Without a stop there is no R: aggressive 1 trade in none of this." in text
    assert "Bars are 0.25 R wide" in text and "aggressive: 1 below −3 R" in text
    assert "aggressive 6 trades" in view["histogram"]["wide"] and "Drawn:" not in text


def test_the_pictures_lie_where_the_figures_do() -> None:
    found = made()
    axes = spread.histogram({"aggressive": found}, 1040).axes[0]
    bars = [(bar.get_x(), bar.get_height()) for bar in axes.patches]
    assert bars == list(zip(found["edges"], found["counts"], strict=False))
    assert [line.get_xdata()[0] for line in axes.lines] == [-1, 0]
    known = CLOSED[np.isfinite(CLOSED["r"])]
    for panel, column in zip(
        spread.scatter({"aggressive": known}, found["edges"], 1040).axes, spread.SIDES, strict=True
    ):
        points = {to_hex(line.get_color()): line.get_xydata() for line in panel.lines if line.get_linestyle() == "None"}
        won = points[figures.COLOURS["test"]]
        assert won.tolist() == known.loc[known["pnl"] > 0, [column, "r"]].to_numpy().tolist()
        lost = points[figures.COLOURS["pair"]]
        assert len(lost) == 4 and lost[2].tolist() == [min(known[column].iloc[2], 3.0), -3.0], "beyond: on the frame"


def test_very_many_trades_are_thinned_and_it_is_said() -> None:
    random = np.random.default_rng(1)
    r = random.normal(size=1000)
    many = pd.DataFrame({"r": r, "mae": 0.5, "mfe": 0.5, "pnl": r, "exit_reason": "stop", "variant": "aggressive"})
    drawn = spread.thinned(many)
    assert len(drawn) == spread.DRAWN and drawn["r"].min() == r.min() and drawn["r"].max() == r.max()
    assert drawn["r"].median() == pytest.approx(np.median(r), abs=0.01)
    _, read, html = shown(many)
    assert "Drawn: 250 of 1,000 (aggressive), evenly by rank of R." in _plain(" ".join(read.text))
    assert len(html) < 300_000


def test_no_trade_and_no_trade_of_one_variant() -> None:
    view, read, _ = shown(HAND.iloc[:0])
    assert view["histogram"] is None and "No trade with an R was closed." in " ".join(read.text)
    view, read, _ = shown(HAND, ("aggressive", "conservative"))
    assert "conservative" not in view["histogram"]["wide"]
    assert [_plain(cell) for cell in read.tables["excursions"][1]][2] == "– none"


def test_no_r_at_all() -> None:
    view, read, _ = shown(HAND.assign(r=math.nan, mae=math.nan, mfe=math.nan))
    assert view["histogram"] is None
    assert "aggressive 7 trades in none of this" in _plain(" ".join(read.text))
