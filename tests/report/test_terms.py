"""The report names the terms of trading: one cash, its places and their order, funding, borrowing, finer bars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from framework.report import facts, words
from framework.report import page as report
from tests.experiment import toml, workspace
from tests.experiment.funded import BOTH, quarters, rates, walked
from tests.experiment.funded import QUICK as ALONE

from .test_report import Made, Reader, _made, _plain

FILES = "data.files = ['data/X-1d.csv', 'data/Y-1d.csv', 'data/Z-1d.csv']"
ALL = (
    FILES, "data.funding = ['data/F.csv', '', 'data/F.csv']", "data.finer = ['', 'data/Y-6h.csv']", "gallery = 2",
    "sizing.shared = true", "sizing.positions = 1", "sizing.rank = '-f_range'", "costs.borrow = 0.3",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = workspace(tmp_path_factory.mktemp("workspace"), BOTH)
    for name, seed in (("X", 7), ("Y", 8), ("Z", 9)):
        walked(seed).to_csv(folder / "data" / f"{name}-1d.csv")
    quarters(walked(8)).to_csv(folder / "data" / "Y-6h.csv")
    rates().to_csv(folder / "data" / "F.csv")
    return folder


def page(folder: Path, name: str, *changes: str) -> Made:
    path = folder / "experiments" / f"{name}.toml"
    path.write_text(toml(*ALONE, *changes), encoding="utf-8")
    return _made(path, folder / "out" / name, None)


@pytest.fixture(scope="module")
def made(folder: Path) -> Made:
    return page(folder, "all", *ALL)


def named(one: Made) -> dict[str, str]:
    """The facts at the head of the page."""
    return {name: value.replace(words.THIN, " ") for name, value in facts.facts(one.summary, one.manifest)}


def test_the_terms_stand_at_the_head(made: Made) -> None:
    found, a_year = named(made), made.summary["funding"]["X"]["a_year"]
    told = f"{a_year:+.1%}".replace("%", " %").replace("-", "−")
    assert found["Funding, paid by longs"] == f"X {told} and Z {told} a year"
    assert found["Borrowing, paid by shorts"] == "30.00 % a year"
    assert (found["Cash"], found["Entered first"]) == ("one for 3 markets, at most 1 position", "lowest f_range")
    assert found["Finer bars"] == "1 of 3 markets: Y 6h, 100 % of its bars"
    text = _plain(" ".join(Reader(made.html).text))
    assert all(f"{name} {value}" in text for name, value in found.items())


def test_places_that_are_taken_are_counted(made: Made) -> None:
    full = made.summary["variants"]["aggressive"]["refused"]["full"]
    assert full > 10
    assert f"as many positions as allowed {full}" in Reader(made.html).row("compare", "Entries refused")[0]


def test_what_holding_cost_stands_under_the_costs(made: Made) -> None:
    one, rows = made.summary["variants"]["aggressive"]["carry"], Reader(made.html).tables["compare"]
    heads = [_plain(row[0]) for row in rows if row]
    assert heads.index("Funding, borrowing in it") == heads.index("Costs in it") + 1
    r, paid = one["r"], abs(one["paid"])
    value, low, high = (f"{r[key]:+.3f}".replace("-", "−") for key in ("value", "low", "high"))
    money = f"{paid:,.0f}" if paid >= 100 else f"{paid:.2f}"
    way = "paid" if one["paid"] > 0 else "received"
    cell = Reader(made.html).row("compare", "Funding, borrowing in it")[0]
    assert cell == f"{value} R {low} to {high} R n = {r['n']}; {money} {way} in all"


def test_what_finer_bars_left_open_is_told_as_such(made: Made) -> None:
    left = made.summary["variants"]["aggressive"]["ambiguity"]["trades"]
    cell = Reader(made.html).row("compare", "Stop and target in one bar")[0]
    assert f"{left} trade{'' if left == 1 else 's'} left by finer bars" in cell


def test_the_text_says_what_is_shared(made: Made) -> None:
    text = _plain(" ".join(Reader(made.html).text))
    assert "One account of all markets over all test windows, costs included." in text
    held = "Buying and holding is always fully invested and pays the funding too"
    assert f"{held}; each trade buys 100 % of the account." in text
    assert "In training each market is scored by itself, as with a cash of its own; in the test they share one." in text
    assert "No funding is given for Y: none was paid or received there." in text


def test_none_of_it_stands_where_there_is_none(folder: Path) -> None:
    bare = page(folder, "bare", FILES, "gallery = 0")
    assert list(named(bare)) == [
        "Strategy",
        "Markets",
        "Period, out of sample",
        "Walk-forward",
        "Trials",
        "Costs a fill",
    ]
    text = _plain(" ".join(Reader(bare.html).text))
    for word in ("unding", "orrowing in it", "finer", "share one", "of all markets over"):
        assert word not in text.partition("Configuration, every default")[0], word
    assert "each trade buys 100 % of a market's part of it" in text


@pytest.mark.parametrize(
    ("sizing", "due"),
    [
        ({"positions": None, "rank": ""}, ("one for 2 markets, at most one position in each", "in their order above")),
        ({"positions": 3, "rank": "f_x"}, ("one for 2 markets, at most 3 positions", "highest f_x")),
        ({"positions": 1, "rank": "-f_x"}, ("one for 2 markets, at most 1 position", "lowest f_x")),
    ],
)
def test_cash(made: Made, sizing: dict[str, Any], due: tuple[str, str]) -> None:
    configuration = made.manifest["configuration"]
    told = {**made.manifest, "configuration": configuration | {"sizing": configuration["sizing"] | sizing}}
    found = dict(facts.facts(made.summary | {"symbols": ["A", "B"]}, told))
    assert (found["Cash"], found["Entered first"]) == due


@pytest.mark.parametrize(
    ("paid", "due"), [(12345.6, "12,346 paid"), (-99.5, "99.50 received"), (-0.004, "0.00 received")]
)
def test_money(made: Made, paid: float, due: str) -> None:
    one = made.summary["variants"]["aggressive"]
    html = made.render(variants={"aggressive": one | {"carry": one["carry"] | {"paid": paid}}})
    assert Reader(html).row("compare", "Funding, borrowing in it")[0].endswith(f"; {due} in all")


def test_a_variant_that_paid_nothing_beside_one_that_did() -> None:
    assert report._carry(None) == words.Cell("–", note="none")
