"""What a rule reads of its parameters is what its results are used again by: no less, and no more."""

from __future__ import annotations

import copy
import dataclasses
import operator
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework import reads
from framework.params import choice
from framework.reads import ByReads
from framework.sweep import sweep
from framework.workspace import load_strategy
from tests import examples

from .sweeping import market

VALUES = (0, 1, 2)


@dataclass(frozen=True)
class Params:
    a: int = choice(0, among=VALUES)
    b: int = choice(0, among=VALUES)
    c: int = choice(0, among=VALUES)
    unit: str = "bars"  # no parameter

    @property
    def both(self) -> int:
        return self.a + 10 * self.b

    def scaled(self, by: int) -> int:
        return by * self.c

    @cached_property
    def product(self) -> int:
        return self.a * self.b


@dataclass(frozen=True, slots=True)
class Slotted:
    a: int = choice(0, among=VALUES)
    b: int = choice(0, among=VALUES)
    c: int = choice(0, among=VALUES)


@dataclass(frozen=True, order=True)
class Child(Params):
    d: int = choice(0, among=VALUES)

    def scaled(self, by: int) -> int:
        return super().scaled(by) + self.d


@dataclass(frozen=True)
class Derived:
    """What it works out from its fields when it is made is part of it."""

    a: int = choice(0, among=VALUES)
    b: int = choice(0, among=VALUES)
    c: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "c", self.a % 2)
        object.__setattr__(self, "twice", 2 * self.a)


@dataclass(frozen=True)
class Furnished:
    """Beside its parameters it holds what cannot be hashed."""

    a: int = choice(0, among=VALUES)
    b: int = choice(0, among=VALUES)
    c: int = choice(0, among=VALUES)
    levels: list[int] = field(default_factory=lambda: [3, 4])


class Asked:
    """A function behind ByReads, and how often it was really called."""

    def __init__(self, look: Callable[[Any], Any]) -> None:
        self.look, self.calls, self.by_reads = look, 0, ByReads(self.called)

    def called(self, params: Any) -> Any:
        self.calls += 1
        return self.look(params)

    def __call__(self, params: Any) -> tuple[int, Any]:
        """The number of the result, and the result."""
        number = self.by_reads.number(params)
        return number, self.by_reads.result(number, params)


def every(kind: type) -> list[Any]:
    """All its parameter sets, twice, the second time as other objects."""
    known = [item.name for item in dataclasses.fields(kind) if "values" in item.metadata]
    grids = np.indices((3,) * len(known)).reshape(len(known), -1).T.tolist()
    return [kind(**dict(zip(known, row, strict=True))) for row in grids * 2]


def said(p: Any) -> str:
    return f"{p.a} {p.b}"


@lru_cache
def remembered(p: Any) -> int:
    return int(p.a) + 3 * p.b


def matched(p: Any) -> int:
    match p:
        case Params(b=2, c=value):
            return int(value)
        case Params(b=value):
            return -int(value)
    return 99


# What a rule may do with its parameters, and how many different sets of values it has then read, of the 27 there are.
LOOKS: dict[str, tuple[Callable[[Any], Any], int | None]] = {
    "nothing": (lambda p: 7, 1),
    "one field": (lambda p: p.a, 3),
    "one field twice": (lambda p: p.a + p.a, 3),
    "two fields": (lambda p: (p.c, p.a), 9),
    "as another field says": (lambda p: p.b if p.a else -1, 7),
    "as two others say": (lambda p: (p.c if p.b == 2 else -2) if p.a else -1, 1 + 2 * (2 + 3)),
    "the one or the other": (lambda p: p.b if p.a == 0 else p.c, 9),
    "a property": (lambda p: p.both, 9),
    "a method": (lambda p: p.scaled(2), 3),
    "a word beside": (lambda p: (p.unit, p.b), 3),
    "by its name": (lambda p: getattr(p, "a") + getattr(p, "z", 0), 3),  # noqa: B009  # read by its name is what is tested
    "by a getter": (operator.attrgetter("b", "c"), 9),
    "by a pattern": (matched, 9),
    "in words": (said, 9),
    "in a loop": (lambda p: [getattr(p, name) for name in ("a", "b")], 9),
    "what its class says": (lambda p: (len(dataclasses.fields(p)), type(p).__name__, p.__class__.__name__), None),
    "in a copy with another value": (lambda p: dataclasses.replace(p, a=1).both, 27),
    "in a copy": (lambda p: copy.copy(p).c, 27),
    "in a deep copy": (lambda p: copy.deepcopy(p).c, 27),
    "as a dictionary": (lambda p: sorted(dataclasses.asdict(p).items()), 27),
    "as a tuple": (dataclasses.astuple, 27),
    "its own dictionary": (lambda p: sorted(vars(p).items()), 27),
    "its own dictionary, by name": (lambda p: p.__dict__["a"], 27),
    "its hash": (hash, 27),
    "its words": (repr, 27),
    "remembered by it": (remembered, 27),
    "something it remembers": (lambda p: p.product, 27),
    "whether it is another": (lambda p: p == Params(a=1, b=2), 27),
    "whether it is not another": (lambda p: Params(a=1, b=2) != p, 27),
    "where it stands in a table": (lambda p: {Params(): 5, Params(c=2): 6}.get(p, 0), 27),
    "whether it is among some": (lambda p: p in (Params(), Params(b=1)), 27),
    "what kind it is": (lambda p: isinstance(p, Params), None),
    "what class it is": (lambda p: p.__class__ is Params, None),
}


@pytest.mark.parametrize("name", LOOKS)
def test_called_once_for_what_it_reads(name: str) -> None:
    """A look at the whole reads everything; never is another set's result handed out."""
    look, sets = LOOKS[name]
    asked, numbers = Asked(look), {}
    for params in every(Params):
        number, made = asked(params)
        assert made == look(params), params
        numbers[number] = made
    assert asked.calls == len(numbers) <= 27
    assert sets is None or asked.calls == sets


WHOLE: dict[str, Callable[[Any], Any]] = {
    "two fields": lambda p: (p.c, p.a),
    "as another field says": lambda p: p.b if p.a else 0,
    "as a tuple": dataclasses.astuple,
    "as a dictionary": dataclasses.asdict,
    "its words": repr,
    "whether it is the default": lambda p: p == type(p)(),
    "what it worked out": lambda p: getattr(p, "twice", 0),
    "what cannot be hashed": lambda p: (p.a, getattr(p, "levels", [])[-1:]),
    "a method": lambda p: p.scaled(3) if hasattr(p, "scaled") else 0,
}


@pytest.mark.parametrize("look", WHOLE)
@pytest.mark.parametrize("kind", [Params, Slotted, Child, Derived, Furnished])
def test_other_kinds_of_params(kind: type, look: str) -> None:
    asked = Asked(WHOLE[look])
    for params in every(kind):
        assert asked(params)[1] == WHOLE[look](params), params


def test_an_own_way_of_reading() -> None:
    """A Params may say itself what its fields are."""

    class Own(Params):
        def __getattribute__(self, name: str) -> Any:
            value = super().__getattribute__(name)
            return value + 100 if name == "a" else value

    asked = Asked(lambda p: (p.a, p.b))
    for a, b in ((0, 0), (1, 0), (0, 1), (0, 0)):
        assert asked(Own(a, b))[1] == (a + 100, b)
    assert asked.calls == 3


@st.composite
def looks(draw: st.DrawFn, depth: int = 4) -> Any:
    """A way through a tree: a field, and for each of its values what is looked at next; a leaf is a result."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.integers(0, 99))
    return draw(st.sampled_from("abc")), [draw(looks(depth - 1)) for _ in VALUES]


def follow(p: Any, tree: Any) -> tuple[Any, ...]:
    seen: list[Any] = []
    while isinstance(tree, tuple):
        value = getattr(p, tree[0])
        seen.append((tree[0], value))
        tree = tree[1][value]
    return (*seen, tree)


@settings(max_examples=examples(150), deadline=None, derandomize=True, database=None)
@given(looks(), st.lists(st.tuples(*[st.sampled_from(VALUES)] * 3), min_size=1, max_size=40))
def test_any_tree_of_looks(tree: Any, sets: list[tuple[int, int, int]]) -> None:
    """Also where most of what was made is forgotten."""
    ways = {follow(Params(*values), tree) for values in sets}
    for kept in (reads.KEPT, 2500, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reads, "KEPT", kept)
            asked = Asked(lambda p: (follow(p, tree), np.zeros(100)))
            numbers: dict[int, Any] = {}
            for values in sets:
                number, (way, _) = asked(Params(*values))
                assert way == numbers.setdefault(number, way) == follow(Params(*values), tree)
        fields = {frozenset(way[:-1]) for way in ways}  # those of a way, whatever their order
        assert len(numbers) == len(fields) <= asked.calls
        assert asked.calls == len(fields) or kept < 10_000


def test_what_is_forgotten_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "KEPT", 2500)
    asked = Asked(lambda p: (p.a, np.full(125, p.a)))  # 1000 bytes each
    for a, calls in ((0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (1, 4), (0, 4), (2, 5)):
        assert asked(Params(a=a))[1][0] == a
        assert asked.calls == calls and asked.by_reads.bytes <= 2500
    monkeypatch.setattr(reads, "KEPT", 10)  # one is always kept, whatever its size
    large = Asked(lambda p: np.full(125, p.b))
    assert [large(Params(b=b))[1][0] for b in (1, 1, 2, 2, 1)] == [1, 1, 2, 2, 1]
    assert large.calls == 3


def test_a_failure_is_not_kept() -> None:
    asked = Asked(lambda p: 1 // p.a)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            asked(Params())
    assert asked.calls == 2 and asked(Params(a=1))[1] == 1


def test_two_at_a_time() -> None:
    """In two threads, the one that began first done first: each knows what it has read, and leaves no trace."""

    @dataclass(frozen=True)
    class Shared:
        a: int = 0
        b: int = 0

    began, done = Event(), Event()

    def first(p: Shared) -> int:
        began.wait(0.3)
        return p.a

    def second(p: Shared) -> int:
        began.set()
        done.wait(0.3)
        return p.b

    one, other = Asked(first), Asked(second)
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(one, Shared(1, 1))
        later = pool.submit(other, Shared(1, 1))
        assert asked.result()[1] == 1
        done.set()
        assert later.result()[1] == 1
    for values in ((1, 2), (2, 1), (2, 2)):
        assert (one(Shared(*values))[1], other(Shared(*values))[1]) == values
    assert (one.calls, other.calls) == (2, 2) and "__getattribute__" not in vars(Shared)


RULE = """from dataclasses import dataclass
import numpy as np
from framework.params import choice
from framework.signals import Signals
CALLED = []
@dataclass(frozen=True)
class Params:
    every: int = choice(7, among=(3, 5, 7))
    stay: int = choice(2, among=(2, 4))
    unused: int = choice(0, among=(0, 1, 2))
def signals(bars, p):
    CALLED.append((p.every, p.stay))
    t = np.arange(len(bars))
    return Signals(t % p.every == 0, long_exit=t % p.stay == 0)
"""


def test_a_rule_that_hands_in_signals_is_asked_once_for_each_set(tmp_path: Path) -> None:
    """Entries and exits come from one call."""
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "counted.py").write_text(RULE)
    rule = load_strategy(tmp_path, "counted")
    sweep(market(200), rule, {"unused": [0, 1, 2], "every": [3, 5, 7], "stay": [2, 4], "exits.target_r": [1.0, 2.0]})
    assert len(sys.modules[rule.params.__module__].CALLED) <= 18
