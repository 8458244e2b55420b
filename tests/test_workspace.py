"""A strategy from its file: found by its name only, run as it stands there, and every fault of it in one line."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from framework.bars import Bars
from framework.errors import UserError
from framework.workspace import load_strategy, names, root

from .experiment import HEAD, MADE, RULE, refused, toml, walk, workspace


@pytest.fixture(scope="module")
def bars() -> Bars:
    return Bars.from_frame(walk(100).tz_localize("UTC"), "X", "1d")


def test_the_nearest_folder_upward(tmp_path: Path) -> None:
    inner = workspace(tmp_path) / "experiments" / "inner"
    (inner / "strategies").mkdir(parents=True)
    (inner / "deep").mkdir()
    assert root(inner / "deep") == inner
    assert root(tmp_path / "experiments") == tmp_path
    (tmp_path / "experiments" / "inner" / "strategies").rmdir()
    (tmp_path / "experiments" / "inner" / "strategies").touch()  # a file of that name is no folder
    assert root(inner / "deep") == tmp_path


def test_names(tmp_path: Path) -> None:
    folder = workspace(tmp_path) / "strategies"
    for name in ("other.py", "_shared.py", "__init__.py", ".hidden.py", "notes.txt"):
        (folder / name).touch()
    (folder / "folder.py").mkdir()
    (folder / ".#rule.py").symlink_to("someone@nowhere.1")  # an editor's lock
    (folder / "gone.py").symlink_to("nowhere.py")
    assert names(tmp_path) == ["other", "rule"]


def test_a_strategy_is_its_file(tmp_path: Path, bars: Bars) -> None:
    found = load_strategy(workspace(tmp_path), "rule")
    assert (found.name, found.path) == ("rule", tmp_path / "strategies" / "rule.py")
    assert found.source == hashlib.sha256(RULE.encode()).hexdigest()
    assert found.doc == "A close above an earlier\nhigh.\n\nMore about it."
    assert list(found.parameters) == ["length", "level", "side", "strict", "width"]
    setups = found.setups(bars, found.build({"length": 7}))
    assert setups.known_at.tolist() == [t for t in range(7, 100) if bars.close[t] > bars.high[t - 7]]
    long, short = found.exits(bars, found.build({}))
    assert (long.shape, long.any(), short.shape, short.any()) == ((100,), False, (100,), False)
    assert found.panel(bars, found.build({})) is None


def test_hooks(tmp_path: Path, bars: Bars) -> None:
    hooks = "\n\ndef exits(bars, p):\n    return bars.close > 105, bars.close < 95\n"
    hooks += "\n\ndef panel(bars, p):\n    return 'Close', bars.close, (95.0, 105.0)\n"
    found = load_strategy(workspace(tmp_path, RULE + hooks), "rule")
    long, short = found.exits(bars, found.build({}))
    assert long.tolist() == (bars.close > 105).tolist() and short.tolist() == (bars.close < 95).tolist()
    name, values, levels = found.panel(bars, found.build({}))
    assert (name, levels) == ("Close", (95.0, 105.0)) and values.tolist() == bars.close.tolist()


SIGNALS = HEAD.replace("from framework.setups", "from framework.signals import Signals\nfrom framework.setups")


def test_a_rule_that_hands_in_signals(tmp_path: Path, bars: Bars) -> None:
    hook = "def signals(bars, p):\n"
    hook += "    up = bars.close > 105\n    return Signals(up, ~up, stop=bars.low, target=bars.high)\n"
    found = load_strategy(workspace(tmp_path, SIGNALS + hook), "rule")
    setups = found.setups(bars, found.build({}))
    at = np.flatnonzero(bars.close > 105)
    assert setups.known_at.tolist() == at.tolist() and (setups.direction == 1).all() and not found.stands
    assert setups.stop.tolist() == bars.low[at].tolist() and setups.target.tolist() == bars.high[at].tolist()
    long, short = found.exits(bars, found.build({}))
    assert long.tolist() == (bars.close <= 105).tolist() and not short.any()
    assert "variants: 'conservative' waits at a setup's extreme" in of_rule(tmp_path, SIGNALS + hook)


@pytest.mark.parametrize(("returned", "said"), [("None", "NoneType"), ("Signals([True])", "Signals")])
def test_signals_that_are_none(tmp_path: Path, bars: Bars, returned: str, said: str) -> None:
    found = load_strategy(workspace(tmp_path, f"{SIGNALS}def signals(bars, p):\n    return {returned}\n"), "rule")
    with pytest.raises(
        UserError, match=rf"^strategies/rule.py: signals\(\) returned {said}; return Signals, one row a bar$"
    ):
        found.setups(bars, found.build({}))


def test_a_file_written_twice_in_a_second_is_run_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = workspace(tmp_path) / "strategies" / "rule.py"
    for default in (14, 21):  # the same size and the same time: Python's own cache would not notice
        path.write_text(RULE.replace("choice(14", f"choice({default}"))
        os.utime(path, ns=(10**18, 10**18))
        found = load_strategy(tmp_path, "rule")
        assert found.build({}).length == default
        assert found.source == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(path.parent.iterdir()) == [path]


def test_a_strategy_is_compiled_by_its_own_rules(tmp_path: Path) -> None:
    rule = RULE.replace("from __future__ import annotations\n", "") + "\n\ndef plain(x: int) -> int: ...\n"
    find = load_strategy(workspace(tmp_path, rule), "rule").find
    assert find.__globals__["plain"].__annotations__ == {"x": int, "return": int}


@pytest.mark.parametrize(
    "name", ["../rule", "a.b", "__init__", "strategies/rule", "Rule", "", "rule\n", "rule.py", "rul"]
)
def test_no_name_leads_elsewhere(tmp_path: Path, name: str) -> None:
    folder = workspace(tmp_path)
    (folder / "rule.py").write_text("raise AssertionError('outside strategies/')")
    (folder / "strategies" / "__init__.py").write_text("raise AssertionError('not a strategy')")
    with pytest.raises(UserError, match=r"is not in strategies/; (did you mean 'rule'|known: rule)"):
        load_strategy(folder, name)


@pytest.mark.parametrize("name", ["My-Rule", "a.b", "2nd", "größe"])
def test_a_file_that_is_named_like_no_strategy(tmp_path: Path, name: str) -> None:
    folder = workspace(tmp_path)
    (folder / "strategies" / f"{name}.py").write_text(RULE)
    with pytest.raises(UserError) as caught:
        load_strategy(folder, name)
    right = "small letters, digits and _, as in my_rule.py"
    assert str(caught.value) == f"strategies/{name}.py: is no name of a strategy; {right}"


def test_an_empty_workspace(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    with pytest.raises(UserError, match="strategy 'rule': is not in strategies/; none is known"):
        load_strategy(tmp_path, "rule")


AT_LOADING = [
    ("def setups(:\n", ":1 SyntaxError: invalid syntax (rule.py, line 1); mend the file"),
    ("\n\nraise RuntimeError('boom\\nmore')\n", ":3 RuntimeError: boom more; mend the file"),
    ("import nosuchmodule\n", ":1 ModuleNotFoundError: No module named 'nosuchmodule'; mend the file"),
    ("compile('\\n(', 'other.py', 'exec')", ":1 SyntaxError: '(' was never closed (other.py, line 2); mend the file"),
    ("raise SystemExit(0)\n", ":1 SystemExit: 0; mend the file"),
    ("\0", " SyntaxError: source code string cannot contain null bytes; mend the file"),
    (b"x = '\xff'", ":1 SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xff"),
    ("", " has no dataclass Params; declare the rule's parameters there"),
    ("class Params: ...\n", " has no dataclass Params; declare the rule's parameters there"),
    (HEAD, " has no function setups(bars, params); let setups return a Setups, or signals(bars, params) a Signals"),
    (HEAD + "setups = 3\n", " has setups that is no function; setups(bars, params)"),
    (RULE + "exits = 3\n", " has exits that is no function; exits(bars, params)"),
    (RULE + "panel = 3\n", " has panel that is no function; panel(bars, params)"),
    (RULE + "def signals(bars, p): ...\n", " has both setups() and signals(); "),
    (RULE.replace("choice(14", "choice(15"), ":19 ValueError: default 15 is not among (7, 14, 21); mend the file"),
    (RULE.replace("low=20.0", "low=31.0"), ":20 ValueError: default 30.0 is not in 31.0 to 40.0"),
]


@pytest.mark.parametrize(("rule", "said"), AT_LOADING)
def test_files_that_are_no_strategy(tmp_path: Path, rule: str | bytes, said: str) -> None:
    assert f"x.toml: strategy.name: strategies/rule.py{said}" in of_rule(tmp_path, rule)


RUNS = "def setups(bars, p):\n    "
WHEN_CALLED = [
    (HEAD + RUNS + "raise KeyError('x')\n", ":27: KeyError on X: 'x'; mend the rule"),
    (HEAD + RUNS + "raise SystemExit\n", ":27: SystemExit on X: ; mend the rule"),
    (HEAD + RUNS + "return setups(bars, p)\n", ":27: RecursionError on X: maximum recursion depth exceeded"),
    (HEAD + RUNS + "bars.close[0] = 1\n", ":27: ValueError on X: assignment destination is read-only; mend the rule"),
    (
        HEAD + "def setups(bars):\n    return None\n",
        ": TypeError on X: setups() takes 1 positional argument but 2 were",
    ),
    (HEAD + RUNS + "return None\n", ": setups() returned NoneType; return a Setups"),
    (
        RULE + "def exits(bars, p):\n    return None\n",
        ": exits() returned something else; two boolean arrays: long, short",
    ),
    (RULE + "def exits(bars, p):\n    1 / 0\n", ":48: ZeroDivisionError on X: division by zero; mend the rule"),
]


@pytest.mark.parametrize(("rule", "said"), WHEN_CALLED)
def test_rules_that_fail(tmp_path: Path, rule: str, said: str) -> None:
    assert of_rule(tmp_path, rule).startswith(f"strategies/rule.py{said}")


PARAMS = [
    ("    bare: int\n", "TypeError: Params.__init__() missing 1 required positional argument: 'bare'"),
    ("    def __post_init__(self):\n        raise ValueError('no')\n\n", "ValueError: no"),
]


@pytest.mark.parametrize(("line", "said"), PARAMS)
def test_params_that_cannot_be_made(tmp_path: Path, line: str, said: str) -> None:
    rule = RULE.replace("    length: int", f"{line}    length: int")
    assert of_rule(tmp_path, rule) == f"strategy rule: Params: {said}; values that go together"


UNSOUND = [
    ("known_at=[400]", "known_at is not an array of whole numbers, one a setup"),
    ("known_at=np.array([400.0])", "known_at is not an array of whole numbers, one a setup"),
    ("known_at=np.array([400, 401])", "kind is not an array of words, one a setup"),
    ("kind=np.array([None])", "kind is not an array of words, one a setup"),
    ("veto=None", "veto is not an array of words, one a setup"),
    ("stop=np.array([['1']])", "stop is not an array of numbers, one a setup"),
    ("features={'f_x': np.zeros(2)}", "f_x is not an array of numbers, one a setup"),
    ("anchors={'setup_extreme': np.array([[400]])}", "setup_extreme is not an array of whole numbers, one a setup"),
    ("direction=np.array([0])", "a direction is neither +1 nor -1"),
    ("known_at=np.array([900])", "a known_at lies outside the 900 bars"),
    ("anchors={'setup_extreme': np.array([401])}", "a bar of setup_extreme lies outside the bars up to its known_at"),
    ("anchors={'setup_extreme': np.array([-1])}", "a bar of setup_extreme lies outside the bars up to its known_at"),
    ("known_at=np.array([401, 400])", "known_at does not ascend"),
]


@pytest.mark.parametrize(("change", "said"), UNSOUND)
def test_setups_that_cannot_be(tmp_path: Path, change: str, said: str) -> None:
    at = "[400, 400]" if "[401, 400]" in change else "[400]"
    rule = f"{HEAD}def setups(bars, p):\n    return made(bars, np.array({at}), {change})\n\n\n{MADE}"
    assert of_rule(tmp_path, rule) == f"strategies/rule.py: setups() on X: {said}; see framework/setups.py"


SHAPES = [
    ((np.zeros(100, bool),), "returned something else"),
    ([np.zeros(100, bool)] * 2, "returned something else"),
    ((np.zeros(3, bool), np.zeros(100, bool)), "the long array of exits() is bool of shape (3,)"),
    ((np.zeros(100, bool), np.zeros(100)), "the short array of exits() is float64 of shape (100,)"),
    ((np.array(True), np.array(True)), "the long array of exits() is bool of shape ()"),
    ((np.zeros((100, 1), bool), np.zeros(100, bool)), "the long array of exits() is bool of shape (100, 1)"),
]


@pytest.mark.parametrize(("returned", "said"), SHAPES)
def test_exits_of_a_wrong_shape(tmp_path: Path, bars: Bars, returned: object, said: str) -> None:
    found = load_strategy(
        workspace(tmp_path, RULE + "given = []\n\ndef exits(bars, p):\n    return given[0]\n"), "rule"
    )
    found.find.__globals__["given"].append(returned)
    with pytest.raises(UserError) as caught:
        found.exits(bars, found.build({}))
    assert said in str(caught.value) and str(caught.value).startswith("strategies/rule.py: ")


def of_rule(folder: Path, rule: str | bytes) -> str:
    """What the command says of an experiment with this rule."""
    path = workspace(folder, rule) / "experiments" / "x.toml"
    path.write_text(toml())
    return refused(folder, "run", path)
