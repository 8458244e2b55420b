"""One parameter set after another: what is shared between them is what each would have found by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framework.bars import Bars
from framework.entries import policy
from framework.params import Value
from framework.simulation import Terms
from framework.sources import load
from framework.validation import finding
from framework.validation.finding import Finder
from framework.validation.trading import Found, Trading
from framework.workspace import Strategy, load_strategy
from tests.sweeping import HEAD, SIGNALS, market, ruled

HOME = Path(__file__).parents[2]
BOTH = {"aggressive": policy("aggressive"), "conservative": policy("conservative")}
ONE = {"aggressive": policy("aggressive")}
BARS = load("sample:AAPL")[:1500]


def trading(rule: Strategy, opposite: bool) -> Trading:
    return Trading(rule, BOTH if rule.stands else ONE, Terms(), 10_000.0, 20, opposite)


def sets(rule: Strategy, count: int, seed: int) -> list[dict[str, Value]]:
    """Random values of every parameter, some sets more than once."""
    random = np.random.default_rng(seed)
    made = [
        {name: one.values[int(random.integers(len(one.values)))] for name, one in rule.parameters.items()}
        for _ in range(count)
    ]
    return [made[int(n)] for n in random.integers(0, count, 2 * count)]


def told(found: Found) -> list[object]:
    """Everything that is traded or counted of it, to the bit."""
    setups = found.setups
    rows: list[object] = [
        setups.ids,
        setups.known_at.tolist(),
        setups.direction.tolist(),
        setups.veto.tolist(),
        setups.lag,
    ]
    rows += [setups.stop.tobytes(), setups.target.tobytes()]
    rows += [(name, np.asarray(values, float).tobytes()) for name, values in setups.features.items()]
    for name, entries in found.entries.items():
        rows += [name, entries.bar.tolist(), entries.side.tolist(), entries.exit_bar.tolist(), entries.setup.tolist()]
        rows += [entries.stop.tobytes(), entries.target.tobytes(), entries.height.tobytes(), entries.window.tolist()]
        rows.append(np.asarray(found.policies[name].fate).tolist())
    return rows


def held_against(rule: Strategy, bars: Bars, opposite: bool, asked: list[dict[str, Value]]) -> None:
    given = trading(rule, opposite)
    finder = Finder(given, bars)
    for values in asked:
        assert told(finder(values)) == told(given.find(bars[:], values)), values


@pytest.mark.parametrize("opposite", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_as_one_by_one(opposite: bool, seed: int) -> None:
    """A rule whose setups and exits look at different parameters; both policies; vetoes."""
    rule = load_strategy(HOME, "rsi_divergence")
    asked = sets(rule, 12, seed)
    held_against(rule, BARS, opposite, asked)
    held_against(rule, BARS, opposite, asked[::-1])


@pytest.mark.parametrize("opposite", [False, True])
def test_a_rule_that_hands_in_signals(tmp_path: Path, opposite: bool) -> None:
    rule = ruled(tmp_path, HEAD + SIGNALS)
    held_against(rule, market(1500), opposite, sets(rule, 25, 3))


@pytest.mark.parametrize("opposite", [False, True])
def test_what_was_forgotten_is_found_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, opposite: bool) -> None:
    """With room for a single list of entries and of exits."""
    monkeypatch.setattr(finding, "LISTS", 1)
    monkeypatch.setattr("framework.reads.KEPT", 1)
    rule = ruled(tmp_path, HEAD + SIGNALS)
    held_against(rule, market(800), opposite, sets(rule, 15, 4))


def test_setups_are_looked_for_once_where_only_exits_differ(tmp_path: Path) -> None:
    """Parameters that the setups do not read leave them as they are."""
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "counted.py").write_text(
        (HOME / "strategies" / "rsi_divergence.py")
        .read_text()
        .replace("    found = rsi_divergences(", "    CALLS.append(p.rsi_period)\n    found = rsi_divergences(")
        + "\nCALLS = []\n"
    )
    rule = load_strategy(tmp_path, "counted")
    given = trading(rule, False)
    finder = Finder(given, BARS[:600])
    default = {name: one.default for name, one in rule.parameters.items()}
    for leave in (True, False, True):
        for period in (9, 14):
            finder(default | {"exit_at_extreme": leave, "rsi_period": period})
    assert rule.find.__globals__["CALLS"] == [9, 14]
    exits = {
        leave: finder(default | {"exit_at_extreme": leave}).entries["aggressive"].exit_bar for leave in (True, False)
    }
    assert (exits[False] == 600).all() and (exits[True] < 600).any()
