"""Parameters: what a rule declares, what it then allows, and what is said of anything else."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from framework.errors import UserError, nearest
from framework.params import Value, build, choice, parameters, required, span


@dataclass(frozen=True)
class Params:
    length: int = choice(14, among=(7, 9, 14, 21), unit="bars")
    level: float = span(30.0, low=20.0, high=40.0, step=5.0, unit="points")
    width: int = span(50, low=0, high=100, step=25, searched=False)
    share: float = span(0.3, low=0.1, high=0.35, step=0.1)
    ratio: float = choice(1.5, among=(1.0, 1.5, 2.0))
    side: str = choice("both", among=("long", "short", "both"), searched=False)
    strict: bool = choice(False, among=(False, True))
    constant: int = 3
    made: list[int] = field(default_factory=list)


KNOWN = parameters(Params)


def test_what_is_declared() -> None:
    assert list(KNOWN) == ["length", "level", "width", "share", "ratio", "side", "strict"]
    length, level = KNOWN["length"], KNOWN["level"]
    assert (length.default, length.values, length.unit, length.searched) == (14, (7, 9, 14, 21), "bars", True)
    assert (level.default, level.values, level.unit) == (30.0, (20.0, 25.0, 30.0, 35.0, 40.0), "points")
    assert (KNOWN["width"].values, KNOWN["width"].searched, KNOWN["width"].unit) == ((0, 25, 50, 75, 100), False, "")
    assert KNOWN["share"].values == (0.1, 0.2, 0.3)  # not 0.30000000000000004
    assert {name: one.limits for name, one in KNOWN.items() if one.limits} == {
        "level": (20.0, 40.0),
        "width": (0, 100),
        "share": (0.1, 0.35),
    }


@pytest.mark.parametrize(
    ("name", "range_"),
    [
        ("length", "7, 9, 14, 21"),
        ("level", "20.0 to 40.0"),
        ("width", "0 to 100"),
        ("ratio", "1.0, 1.5, 2.0"),
        ("side", "long, short, both"),
        ("strict", "false, true"),
    ],
)
def test_ranges_as_a_file_spells_them(name: str, range_: str) -> None:
    assert KNOWN[name].range == range_


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("length", 21, 21),
        ("level", 20.0, 20.0),
        ("level", 40, 40.0),
        ("level", 33.3, 33.3),  # a span is any value of it, not only what a search tries
        ("width", 33, 33),
        ("width", 100, 100),
        ("share", 0.35, 0.35),
        ("ratio", 2, 2.0),
        ("side", "long", "long"),
        ("strict", True, True),
    ],
)
def test_what_is_allowed(name: str, value: Value, taken: Value) -> None:
    found = KNOWN[name].check(value, "here")
    assert found == taken and type(found) is type(taken)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("length", 8, "length = 8 is outside its range; allowed: 7, 9, 14, 21"),
        ("length", 14.0, "length = 14.0 is not a whole number; allowed: 7, 9, 14, 21"),
        ("length", True, "length = True is not a whole number; allowed: 7, 9, 14, 21"),
        ("length", "14", "length = '14' is not a whole number; allowed: 7, 9, 14, 21"),
        ("length", None, "length = None is not a whole number; allowed: 7, 9, 14, 21"),
        ("level", 19.999, "level = 19.999 is outside its range; allowed: 20.0 to 40.0"),
        ("level", 41, "level = 41 is outside its range; allowed: 20.0 to 40.0"),
        ("level", float("nan"), "level = nan is outside its range; allowed: 20.0 to 40.0"),
        ("level", float("-inf"), "level = -inf is outside its range; allowed: 20.0 to 40.0"),
        ("level", 10**400, f"level = 1{'0' * 59} is outside its range; allowed: 20.0 to 40.0"),
        ("level", True, "level = True is not a number; allowed: 20.0 to 40.0"),
        ("level", "30", "level = '30' is not a number; allowed: 20.0 to 40.0"),
        ("width", -1, "width = -1 is outside its range; allowed: 0 to 100"),
        ("ratio", 1.7, "ratio = 1.7 is outside its range; allowed: 1.0, 1.5, 2.0"),
        ("ratio", float("nan"), "ratio = nan is outside its range; allowed: 1.0, 1.5, 2.0"),
        ("side", "lng", "side = 'lng' is outside its range; did you mean 'long'?"),
        ("side", "xyz", "side = 'xyz' is outside its range; known: both, long, short"),
        ("side", 1, "side = 1 is not a word in quotes; allowed: long, short, both"),
        ("strict", 1, "strict = 1 is not true or false; allowed: false, true"),
        ("strict", "true", "strict = 'true' is not true or false; allowed: false, true"),
    ],
)
def test_what_is_not_allowed(name: str, value: object, said: str) -> None:
    with pytest.raises(UserError) as caught:
        KNOWN[name].check(value, "here")
    assert str(caught.value) == f"here: {said}"


def test_a_long_choice_is_named_whole() -> None:
    @dataclass(frozen=True)
    class Many:
        length: int = choice(3, among=(1, 2, 3, 5, 8, 13, 21, 34))

    with pytest.raises(UserError, match="length = 4 is outside its range; allowed: 1, 2, 3, 5, 8, 13, 21, 34"):
        build(Many, {"length": 4}, "here")


@pytest.mark.parametrize(
    ("default", "low", "high", "step", "said"),
    [
        (10, 20, 40, 5, "default 10 is not in 20 to 40"),
        (30, 40, 20, 5, "default 30 is not in 40 to 20"),
        (30, 20, 40, 0, "step 0 is not positive"),
        (30, 20, 40, -5, "step -5 is not positive"),
        (33, 20, 40, 5, "misses 33"),  # a search could never try the declared default
        (3, 0, 4, 0.5, "says one twice"),
    ],
)
def test_spans_that_cannot_be(default: float, low: float, high: float, step: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        span(default, low=low, high=high, step=step)


def test_a_choice_has_its_default() -> None:
    with pytest.raises(ValueError, match=r"default 15 is not among \(7, 14\)"):
        choice(15, among=(7, 14))


def test_build() -> None:
    assert build(Params, {}, "here") == Params()
    built = build(Params, {"level": 25, "side": "long"}, "here")
    assert built == Params(level=25.0, side="long") and type(built.level) is float


@pytest.mark.parametrize(("name", "right"), [("lenght", "did you mean 'length'?"), ("constant", "known: ")])
def test_what_is_no_parameter(name: str, right: str) -> None:
    with pytest.raises(UserError) as caught:
        build(Params, {name: 7}, "here")
    assert str(caught.value).startswith(f"here: unknown parameter '{name}'; {right}")


@dataclass(frozen=True)
class Together:
    fast: int = choice(1, among=(1, 2, 3))
    slow: int = choice(3, among=(1, 2, 3))

    def __post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast {self.fast} is not below\nslow {self.slow}")


def test_values_that_do_not_go_together() -> None:
    assert build(Together, {"fast": 2}, "here").fast == 2
    with pytest.raises(UserError) as caught:
        build(Together, {"fast": 3}, "here")
    assert str(caught.value) == "here: Params: ValueError: fast 3 is not below slow 3; values that go together"


def test_what_params_say_themselves_is_passed_on() -> None:
    @dataclass(frozen=True)
    class Own:
        length: int = choice(1, among=(1, 2))

        def __post_init__(self) -> None:
            raise UserError("length", "is odd", "an even one")

    with pytest.raises(UserError, match=r"^length: is odd; an even one$"):
        build(Own, {}, "here")


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("trial", ["trials", "objective"], "did you mean 'trials'?"),
        ("xyz", ["b", "a"], "known: a, b"),
        ("xyz", [], "none is known"),
        ("", ["a"], "known: a"),
    ],
)
def test_the_nearest_word(word: str, known: list[str], said: str) -> None:
    assert nearest(word, iter(known)) == said


def test_an_error_is_one_line() -> None:
    error = UserError("a\nb", " wrong\t\n here ", "right\r\nthere")
    assert str(error) == "a b: wrong here ; right there"
    assert isinstance(error, ValueError) and (error.where, error.right) == ("a\nb", "right\r\nthere")


def test_what_has_no_default_must_be_said() -> None:
    @dataclass(frozen=True)
    class Params:
        convention: str = required(among=("one", "other"), unit="school")
        width: int = choice(2, among=(2, 3))

    asked = parameters(Params)["convention"]
    assert (asked.required, asked.searched, asked.values, asked.range) == (True, False, ("one", "other"), "one, other")
    assert build(Params, {"convention": "other"}, "x") == Params("other", 2)
    with pytest.raises(UserError, match="x: convention is not said, and has no default; one of one, other"):
        build(Params, {"width": 3}, "x")
    with pytest.raises(UserError, match="did you mean 'other'"):
        build(Params, {"convention": "othr"}, "x")
