"""What is live on the latest bars: never more than a full run knows there, and by hand where it can be counted."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework import load
from framework.bars import Bars
from framework.experiment import config, live
from framework.experiment.live import late
from framework.experiment.scan import default_trading, scanned
from framework.validation.trading import Trading
from framework.workspace import load_strategy, root

from . import RULE, chartproof, refused, toml, walk, workspace

HERE = root(Path(__file__).parent)
TOLD: Any = lambda *_: None  # noqa: E731


@pytest.fixture(scope="module")
def apple() -> Bars:
    return load("sample:AAPL")[-900:]


def trading(name: str) -> tuple[Trading, dict[str, Any]]:
    strategy = load_strategy(HERE, name)
    return default_trading(strategy), {one.name: one.default for one in strategy.parameters.values()}


@pytest.mark.parametrize("name", ["rsi_divergence", "trendline_break"])
def test_scans_of_all_prefixes_are_the_setups(apple: Bars, name: str) -> None:
    """What a scan sees at the last of bars[:t], for every t, put together: the setups of all the bars, row by row."""
    made, values = trading(name)
    first = len(apple) - 300
    seen = [one.row for t in range(first + 1, len(apple) + 1) for one in late(made, apple[:t], values, 1)]
    whole = made.strategy.setups(apple, made.strategy.build(values)).frame()
    whole = whole[whole["known_at"] >= apple.index[first]].reset_index(drop=True)
    assert len(whole) > 3 and (whole["veto"] != "").any() | (name != "rsi_divergence")
    pd.testing.assert_frame_equal(pd.DataFrame(seen)[list(whole)], whole, check_dtype=False)


def every(apple: Bars, name: str, within: int) -> Iterator[tuple[int, live.Late, live.Entry, Any, int]]:
    """Each entry that scans of prefixes see, with what became of it in the end: its row alone, its signal's bar."""
    made, values = trading(name)
    found = made.find(apple, values)
    ids = {one: row for row, one in enumerate(found.setups.ids)}
    alone = {variant: made.alone(apple, found, variant) for variant in made.policies}
    signal = {
        variant: dict(zip(done.entries.setup.tolist(), done.entries.bar.tolist(), strict=True))
        for variant, done in found.policies.items()
    }
    changes = {*found.setups.known_at.tolist(), *(bar for bars in signal.values() for bar in bars.values())}
    for t in sorted({*range(len(apple) - 300, len(apple), 9), *(bar for bar in changes if bar >= len(apple) - 600)}):
        for one in late(made, apple[: t + 1], values, within):
            row = ids[one.row["setup"]]
            for entry in one.entries:
                yield t, one, entry, alone[entry.variant].loc[row], signal[entry.variant].get(row, len(apple))


@pytest.mark.parametrize("name", ["rsi_divergence", "trendline_break"])
def test_states_agree_with_what_became_of_them(apple: Bars, name: str) -> None:
    """At the close of bar t, with all the bars at hand: a trade said to be open is, at its price, stop and target; an
    entry said to come next has its signal at t; what waits is decided later; what is over was never to be had again.
    """
    states = set()
    for t, one, entry, done, signal in every(apple, name, 25):
        states.add(entry.state)
        if entry.state == live.FILLED:
            assert done["fate"] == "entered" and signal < done["entry_bar"] <= t
            assert done["exit_bar"] > t or done["exit_reason"] == "open"
            assert (entry.price, entry.stop) == (done["entry_price"], done["stop"])
            np.testing.assert_equal(entry.target, done["target"])
            assert entry.time == apple.index[int(done["entry_bar"])]
        elif entry.state == live.NEXT:
            assert signal == t and done["entry_bar"] in (t + 1, -1)
        elif entry.state == live.WAITING:
            assert signal > t
            since = slice(t - one.ago + 1, t + 1)
            long = one.row["direction"] == "long"
            assert (apple.low[since] > entry.stop).all() if long else (apple.high[since] < entry.stop).all()
        elif done["fate"] == "entered" and not entry.why.startswith("at_the_close"):
            left = done["exit_bar"] <= t or (done["exit_reason"] == "signal" and done["exit_bar"] == t + 1)
            assert left or entry.why == "setup_broken"
    assert states == {live.FILLED, live.NEXT, live.WAITING, live.OVER}


def flat(*more: tuple[float, float, float, float]) -> pd.DataFrame:
    """Sixty days between 99 and 101, then these (open, high, low, close)."""
    rows = [(100.0, 101.0, 99.0, 100.0)] * 60 + list(more)
    frame = pd.DataFrame(rows, columns=["open", "high", "low", "close"]).assign(volume=1.0)
    return frame.set_index(pd.date_range("2020-01-01", periods=len(rows), name="time"))


BREAK = (100.0, 106.0, 99.0, 105.0)  # of which the rule is a buy, its stop the low, 99


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(workspace(tmp_path))
    return tmp_path


def found(folder: Path, *more: tuple[float, float, float, float], within: int = 3) -> list[dict[str, Any]]:
    """The setups known at the break, day 61, in what a scan says after it."""
    flat(*more).to_csv("data/F-1d.csv")
    said = chartproof("scan", "rule", "--data", "data/F-1d.csv", "--json", "--within", str(within))
    assert said.status == 0, said
    return [one for one in json.loads(said.out)["setups"] if one["known_at"].startswith("2020-03-01")]


def test_known_at_the_last_bar(folder: Path) -> None:
    """By hand: filled at the last close and the slippage, target two risks on; the stop 6 of 105 away."""
    (one,) = found(folder, BREAK)
    assert (one["live"], one["bars_ago"], one["side"], one["kind"], one["stop"]) == (True, 0, "long", "up", 99.0)
    enter, wait = one["entries"]
    fill = 105 * 1.0005
    assert (enter["variant"], enter["state"], enter["price"], enter["stop"]) == ("aggressive", "next_open", None, 99.0)
    assert enter["target"] == pytest.approx(fill + 2 * (fill - 99), abs=1e-9)
    assert enter["to_stop"] == pytest.approx(6 / 105)
    atr = (2 * 13 + 7) / 14  # thirteen days of 2, Wilder's first step: one of 7
    assert enter["to_stop_atr"] == pytest.approx(6 / atr)
    assert (wait["state"], wait["waits_for"]) == ("waiting", "a second bottom above 99.00, for 20 more bars")
    assert (wait["stop"], wait["target"]) == (99.0, None)


def test_filled_and_open(folder: Path) -> None:
    (one,) = found(folder, BREAK, (104.0, 106.0, 103.0, 105.0))
    enter, wait = one["entries"]
    assert (one["live"], one["bars_ago"], enter["state"]) == (True, 1, "filled")
    assert enter["price"] == pytest.approx(104 * 1.0005) and enter["time"] == "2020-03-02T00:00:00+00:00"
    assert enter["target"] == pytest.approx(104 * 1.0005 + 2 * (104 * 1.0005 - 99))
    assert wait["waits_for"].endswith("for 19 more bars")


def test_stop_touched(folder: Path) -> None:
    """A low at the stop itself ends both; half a unit above it neither."""
    (one,) = found(folder, BREAK, (104.0, 106.0, 99.0, 105.0))
    assert not one["live"]
    assert [(entry["state"], entry["why"]) for entry in one["entries"]] == [("over", "stop"), ("over", "setup_broken")]
    (one,) = found(folder, BREAK, (104.0, 106.0, 99.5, 105.0))
    assert one["live"] and [entry["state"] for entry in one["entries"]] == ["filled", "waiting"]


def test_target_reached_but_still_waiting(folder: Path) -> None:
    (one,) = found(folder, BREAK, (104.0, 130.0, 103.0, 105.0))
    assert [(entry["state"], entry["why"]) for entry in one["entries"]] == [("over", "target"), ("waiting", "")]


def test_known_longer_ago(folder: Path) -> None:
    after = [(104.0, 106.0, 103.0, 105.0)] * 3
    assert found(folder, BREAK, *after) == []
    assert len(found(folder, BREAK, *after, within=4)) == 1


def test_vetoed_is_not_live(folder: Path) -> None:
    vetoing = RULE.replace('"veto": np.full(n, "")', '"veto": np.full(n, "on a whim")')
    (folder / "strategies" / "rule.py").write_text(vetoing)
    (one,) = found(folder, BREAK)
    assert (one["live"], one["veto"], {entry["state"] for entry in one["entries"]}) == (False, "on a whim", {"over"})
    said = chartproof("scan", "rule", "--data", "data/F-1d.csv")
    assert "1 setup known in the last 3 bars, 0 live\nnot live: vetoed (on a whim) 1\n" in said.out


def test_no_entry_where_an_exit_stands(folder: Path) -> None:
    leaving = "\n\ndef exits(bars, p):\n    return bars.close > 104, bars.close > 104\n"
    (folder / "strategies" / "rule.py").write_text(RULE + leaving)
    (one,) = found(folder, BREAK)
    assert (one["entries"][0]["state"], one["entries"][0]["why"]) == ("over", "with_exit")
    later = RULE + leaving.replace("bars.close > 104", "bars.close > 107")
    (folder / "strategies" / "rule.py").write_text(later)
    (one,) = found(folder, BREAK, (104.0, 109.0, 103.0, 108.0))  # bought, and to be left at the next open
    assert (one["entries"][0]["state"], one["entries"][0]["why"]) == ("over", "signal")


def test_table_and_page(folder: Path) -> None:
    flat(BREAK).to_csv("data/F-1d.csv")
    said = chartproof("scan", "rule", "--data", "data/F-1d.csv", "--quiet")
    assert (said.status, said.err) == (0, "")
    assert re.search(r"F 1d +rule +long +up +2020-03-01, last bar +aggressive +next open +~99\.00 +5\.7", said.out)
    assert "A live setup is no advice." in said.out
    assert "rule: no finished run in reports/, so nothing is known of whether it works" in said.out
    assert "F 1d: last bar 2020-03-01, close 105.00" in said.out
    page = (folder / "reports" / "scan.html").read_text()
    assert said.out.endswith(f"page: {Path('reports', 'scan.html')}\n")
    assert page.count("<svg") == 1 and "<script" not in page and "A live setup is no advice." in page
    assert "waits for a second bottom above 99.00" in page


def test_words_from_a_file_are_escaped(folder: Path) -> None:
    (folder / "strategies" / "rule.py").write_text(RULE.replace('np.full(n, "up")', 'np.full(n, "<b>up&")'))
    flat(BREAK).to_csv("data/F-1d.csv")
    said = chartproof("scan", "rule", "--data", "data/F-1d.csv")
    page = (folder / "reports" / "scan.html").read_text()
    assert "<b>up&" in said.out and "&lt;b&gt;up&amp;" in page and "<b>up" not in page


def test_nothing_found(folder: Path) -> None:
    flat().to_csv("data/F-1d.csv")
    said = chartproof("scan", "rule", "--data", "data/F-1d.csv")
    assert said.status == 0 and said.out.startswith("0 setups known in the last 3 bars, 0 live\n")
    assert "None is live." in (folder / "reports" / "scan.html").read_text()


def test_json_writes_a_page_only_where_asked(folder: Path) -> None:
    flat(BREAK).to_csv("data/F-1d.csv")
    words = ("scan", "rule", "--data", "data/F-1d.csv", "--json")
    assert json.loads(chartproof(*words).out)["page"] is None and not (folder / "reports").exists()
    assert json.loads(chartproof(*words, "--out", "p.html").out)["page"] == "p.html" and Path("p.html").is_file()


def test_a_rule_that_needs_what_is_not_there(folder: Path) -> None:
    needs = RULE.replace("    at = ", "    bars.need('taker_buy')\n    at = ", 1)
    (folder / "strategies" / "rule.py").write_text(needs)
    flat(BREAK).to_csv("data/F-1d.csv")
    content = json.loads(chartproof("scan", "--data", "data/F-1d.csv", "--json").out)
    assert content["skipped"] == ["rule on F 1d: the volume bought by takers of no bar is known"]
    naming = RULE.replace("import choice, span", "import choice, required, span").replace(
        "    length: int", '    way: str = required(among=("a", "b"))\n    length: int', 1
    )
    (folder / "strategies" / "rule.py").write_text(naming)
    content = json.loads(chartproof("scan", "--data", "data/F-1d.csv", "--json").out)
    assert content["skipped"] == ["rule: way must be named, by an experiment and --config"]
    said = refused(folder, "scan", "rule", "--data", "data/F-1d.csv")
    assert said == "strategy rule: has no default for way; an experiment that names it, by --config"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nope", "strategy 'nope': is not in strategies/; "),
        ("rule --within 0", "chartproof scan: Invalid value for '--within': "),
        ("rule --data data/Y-1d.csv", "data/Y-1d.csv: there is no such file; did you mean 'X-1d.csv'?"),
        ("rule --config x.toml", "scan: 'rule': stands beside x.toml, which names its own; one of them"),
        ("--config y.toml", "y.toml: there is no such file; did you mean 'x.toml'?"),
        ("--config b.toml", "b.toml: beside.length: names 2, and a scan has one; an experiment without it"),
    ],
)
def test_wrong_words(folder: Path, words: str, said: str) -> None:
    Path("x.toml").write_text(toml())
    Path("b.toml").write_text(toml("beside.length = [7, 14]"))
    assert refused(folder, "scan", *words.split()).startswith(said)


# What the last report said


def write_run(folder: Path, name: str, when: int, length: int, experiment: str = "x", **changes: Any) -> Path:
    """A finished run of the rule, as a run leaves it, that ended at `when`."""
    path = folder / "reports" / name
    path.mkdir(parents=True)
    window = {"window": 4, "test_start": "2021-06-01T00:00:00", "test_end": "2022-01-01T00:00:00", "chosen": "search"}
    r = {"value": 0.25, "low": -0.5, "high": 1.0, "n": 44, "enough": True}
    summary = {"windows": [window | {"parameters": {"length": length}}], "verdict": {"answer": "So so."}}
    summary |= {"variants": {"aggressive": {"expectancy_r": r}}}
    configuration = {"name": experiment, "strategy": {"name": "rule"}}
    (path / "manifest.json").write_text(json.dumps({"configuration": configuration, "strategy_sha256": "another"}))
    (path / "summary.json").write_text(json.dumps(summary | changes))
    (path / "report.html").touch()
    os.utime(path / "summary.json", (when, when))
    return path


@pytest.fixture
def asked(folder: Path) -> Path:
    (folder / "experiments" / "x.toml").write_text(toml("strategy.length = [7, 14, 21]"))
    return folder


def rule_of(folder: Path) -> dict[str, Any]:
    (one,) = scanned(folder, folder / "experiments" / "x.toml", [], [], 3, TOLD).content["rules"]
    return dict(one)


def test_parameters_of_the_latest_finished_run(asked: Path) -> None:
    write_run(asked, "x-1", 1_000, 21)
    write_run(asked, "x-2", 2_000, 7)
    write_run(asked, "y-1", 3_000, 21, experiment="y")  # another experiment's
    (write_run(asked, "x-3", 4_000, 14) / "progress").mkdir()  # begun again
    (write_run(asked, "x-4", 5_000, 14) / "manifest.json").write_text("{")
    rule = rule_of(asked)
    assert rule["parameters"] == {"length": 7, "level": 30.0, "side": "both", "strict": False, "width": 3}
    assert rule["chosen"].startswith("chosen for window 4 (2021-06-01 to 2022-01-01) of x-2; since then changed: ")
    assert "the rule's file" in rule["chosen"]
    assert rule["last_report"]["run"] == "x-2" and rule["last_report"]["answer"] == "So so."
    r = {"value": 0.25, "low": -0.5, "high": 1.0, "n": 44, "enough": True}
    assert rule["last_report"]["expectancy_r"] == {"aggressive": r}


def test_defaults_where_no_run_has_finished(asked: Path) -> None:
    write_run(asked, "y-1", 3_000, 21, experiment="y")
    rule = rule_of(asked)
    assert rule["parameters"]["length"] == 14
    assert rule["chosen"] == "the file's values and the declared defaults: no finished run of it is there"
    assert rule["last_report"]["run"] == "y-1"  # of the same rule


def test_what_the_report_said_is_told(asked: Path) -> None:
    flat(BREAK).to_csv("data/F-1d.csv")
    write_run(asked, "x-2/1d", 2_000, 7)
    said = chartproof("scan", "rule", "--data", "data/F-1d.csv").out
    told = said.replace("\u202f", " ")
    assert "rule, last report (x-2/1d): aggressive +0.25 R a trade (95 % −0.50 to +1.00 R), n = 44\n" in told


def test_a_value_that_the_rule_no_longer_takes(asked: Path) -> None:
    write_run(asked, "x-1", 1_000, 22)
    said = refused(asked, "scan", "--config", "experiments/x.toml")
    assert said.startswith("experiments/x.toml: run x-1: length = 22 is outside its range")


def test_with_a_run_of_its_own(asked: Path) -> None:
    """The whole way: run, then scan with what the run's last window chose, under the run's terms and data."""
    text = toml("strategy.length = [7, 14, 21]", "exits.target_r = 3.0", "chance.draws = 0", "gallery = 0")
    (asked / "experiments" / "x.toml").write_text(text)
    assert chartproof("run", "experiments/x.toml", "--workers", "1", "--quiet").status == 0
    (folder,) = asked.glob("reports/x-*")
    summary = json.loads((folder / "summary.json").read_text())
    content = json.loads(chartproof("scan", "--config", "experiments/x.toml", "--json", "--within", "30").out)
    (rule,) = content["rules"]
    experiment = config.load(asked / "experiments" / "x.toml")
    assert rule["parameters"] == {**experiment.fixed, **summary["windows"][-1]["parameters"]}
    assert rule["chosen"].endswith(f"of {folder.name}")  # nothing has changed since
    assert rule["exits"]["target_r"] == 3.0
    (market,) = content["markets"]
    assert (market["symbol"], market["last"]) == ("X", f"{walk(900).index[-1]:%Y-%m-%dT00:00:00+00:00}")
    open_trades = [entry for one in content["setups"] for entry in one["entries"] if entry["state"] == "filled"]
    for entry in open_trades:
        assert entry["target"] == pytest.approx(entry["price"] + 3 * (entry["price"] - entry["stop"]))
    assert open_trades
