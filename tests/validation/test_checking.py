"""What `check` says of a rule: a block a leak with its cause, a line of warm-up, and the exit status."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.experiment import HEAD, MADE, chartproof, refused, walk, workspace

CHECK = ("check", "rule", "--data", "data/X-1d.csv", "--cuts", "20")
ANY = "at = np.flatnonzero(bars.close > 0)[5:]"
SOME = "at = np.flatnonzero(np.diff(bars.close) / bars.close[1:] > 0.03) + 1"


def rule(body: str, returned: str = "made(bars, at)") -> str:
    """A rule whose setups() has that body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{HEAD}def setups(bars, p):\n{lines}    return {returned}\n\n\n{MADE}"


def feature(expression: str, at: str = SOME) -> str:
    """A rule whose setups have a feature of that value."""
    return rule(f"{at}\nvalue = {expression}", 'made(bars, at, features={"f_value": value[at]})')


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, entered."""
    monkeypatch.chdir(workspace(tmp_path))
    return tmp_path


def said(folder: Path, text: str, *words: str) -> tuple[int | str | None, list[str]]:
    (folder / "strategies" / "rule.py").write_text(text)
    done = chartproof(*CHECK, *words)
    assert done.err == ""
    return done.status, done.out.splitlines()


def test_a_leak_is_told_whole(folder: Path) -> None:
    """Row, time, both values, cause and remedy."""
    status, lines = said(folder, feature("np.append(bars.close[2:], [np.nan] * 2)"))
    close = walk(900)["close"]
    assert status == 1 and len(lines) == 3
    row = re.fullmatch(
        r"LEAK  rule on X, cut short: setups\.f_value: known at bar (\d+) \((.*) 00:00\) is (.*) with all the data, "
        r"nan with data up to bar (\d+); so at (\d+) bars in all",
        lines[0],
    )
    assert row and float(row[3]) == pytest.approx(close.iloc[int(row[1]) + 2]) and 0 <= int(row[4]) - int(row[1]) < 2
    assert close.index[int(row[1])].strftime("%Y-%m-%d") == row[2] and int(row[5]) > 1
    assert lines[1].startswith("      likely cause: reads 2 bars ahead: a centred window, a negative shift, ")
    assert re.search(r" \(settles once 2 bars follow, in [34] rows looked at\)$", lines[1])
    assert lines[2] == "      right: read no bar after known_at, or say it: known_at + 2"


def test_a_block_for_each_column_and_the_rest_by_name(folder: Path) -> None:
    text = rule(ANY, 'made(bars, at, features={f"f_{i}": at + len(bars) for i in range(9)})')
    status, lines = said(folder, text)
    assert status == 1 and len(lines) == 6 * 3 + 1
    assert [line.split(":")[1] for line in lines[:-1:3]] == [f" setups.f_{i}" for i in range(6)]
    assert all(line.startswith("      likely cause: knows how many bars there are") for line in lines[1::3])
    assert lines[-1] == "      and 3 more columns: setups.f_6, setups.f_7, setups.f_8"


def test_the_value_that_leaks_is_named(folder: Path) -> None:
    status, lines = said(folder, feature("np.append(bars.close[1:], 0.0) if p.strict else bars.close"))
    assert status == 1 and lines[0].startswith(
        "LEAK  rule on X, cut short, strict = True: setups.f_value: known at bar"
    )


def test_what_only_another_future_shows_is_said(folder: Path) -> None:
    status, lines = said(folder, feature("np.append(bars.close[1:] > 1.15 * bars.close[:-1], False) * 1.0"))
    assert status == 1 and " other bars after bar " in lines[0] and "with another future" in lines[0]
    assert "cutting shows nothing, another future does" in lines[1]


def test_every_bar_of_long_data_is_explained_too(folder: Path) -> None:
    status, lines = said(folder, feature("bars.close / bars.close.max()"), "--every")
    assert status == 1 and "reads the whole series" in lines[1]


def test_signals_are_explained_as_setups_are(folder: Path) -> None:
    signals = (
        f"{HEAD}from framework.signals import Signals\n\n\ndef signals(bars, p):\n    up = np.zeros(len(bars), bool)\n"
    )
    late = "    up[:-3] = bars.close[3:] > bars.close[:-3]\n    return Signals(long_entry=up)\n"
    status, lines = said(folder, signals + late)
    assert status == 1 and "setups: row known at bar" in lines[0] and "known_at is 3 bars too early" in lines[1]
    leave = "    up[3:] = bars.close[3:] > bars.close[:-3]\n    return Signals(long_entry=up, long_exit=last(up))\n"
    last = "\n\ndef last(up):\n    return np.arange(len(up)) == len(up) - 1\n"
    status, lines = said(folder, signals + leave + last)
    assert status == 1 and "exits.long: known at bar" in lines[0] and "knows which bar is the last" in lines[1]


def test_warm_up_of_a_rule_that_settles(folder: Path) -> None:
    """An average of 50 is there after 49 bars, and the setups before that are counted."""
    mean = "np.append(np.full(49, np.nan), np.convolve(bars.close, np.full(50, 0.02), 'valid'))"
    status, lines = said(folder, feature(mean, ANY), "--cuts", "1")
    head = "      warm-up: settles after 49 bars (slowest: setups.f_value), to a millionth of each value; "
    assert status == 0 and lines[0].startswith("ok    rule on X: 1 cuts and 1 other futures; ")
    assert lines[1:] == [head + "the first setup is at bar 5, 44 of 895 come sooner"]


def test_warm_up_of_a_running_total(folder: Path) -> None:
    """A note, and no failure."""
    status, lines = said(folder, feature("np.cumsum(bars.close)"))
    assert status == 0 and lines[1].startswith("      warm-up: all else settles after 1 bar (slowest: setups.rows)")
    assert lines[2].startswith("note  rule on X: setups.f_value has not settled ")
    assert lines[2].endswith("likely cause: a running total from the first bar: use differences of it")


def test_warm_up_of_setups_that_go_by_the_first_bar(folder: Path) -> None:
    """A warning, and no failure; the entries made of them are not told besides."""
    status, lines = said(folder, rule("at = np.arange(5, len(bars), 7)"))
    assert (status, len(lines)) == (0, 3)
    assert lines[2].startswith("warn  rule on X: which setups there are has not settled ")
    assert lines[2].endswith("; what is traded depends on where the data starts")


def test_no_warm_up_on_request(folder: Path) -> None:
    status, lines = said(folder, feature("np.cumsum(bars.close)"), "--starts", "0")
    assert status == 0 and len(lines) == 1
    assert refused(folder, *CHECK, "--starts", "-1").startswith("chartproof check: Invalid value for '--starts'")


def test_a_rule_that_raises_of_data_that_start_later(folder: Path) -> None:
    """Its file and line, as everywhere."""
    text = rule(f"{ANY}\nif str(bars.time[0])[:10] != '2020-01-01':\n    at[99999]")
    (folder / "strategies" / "rule.py").write_text(text)
    line = 1 + text.splitlines().index("        at[99999]")
    assert refused(folder, *CHECK).startswith(f"strategies/rule.py:{line}: IndexError on X: ")


def test_a_rule_that_returns_nothing_of_little_data(folder: Path) -> None:
    """An empty table may lack its features; one with rows may not."""
    early = f"{ANY}\nif len(bars) < 500:\n    return made(bars, at[:0])"
    status, lines = said(folder, rule(early, 'made(bars, at, features={"f_value": bars.close[at]})'))
    assert status == 1 and "setups: row known at bar" in lines[0]
    status, lines = said(folder, rule(ANY, 'made(bars, at, features={"f": bars.close[at]} if len(bars) > 500 else {})'))
    assert status == 1 and " is 1" in lines[0] and "no such column with data up to" in lines[0]
