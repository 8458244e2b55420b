"""The user's workspace: where strategies are, and a strategy loaded from its file by its name."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bars import Bars
from .compiled import interrupted
from .errors import UserError, nearest
from .params import Parameter, build, parameters
from .setups import Setups
from .signals import Signals, as_setups

HOOKS = ("setups", "signals", "exits", "panel", "placebo", "ablated", "traits")
Exits = tuple[NDArray[np.bool_], NDArray[np.bool_]]
Panel = tuple[str, NDArray[np.float64], tuple[float, ...]]


@dataclass(frozen=True)
class Strategy:
    """A rule as its file defines it. source: the hash of that file. stands: it has setups with an extreme to stand on,
    so that a second bottom can be waited for; a rule that hands in signals has not. compare: what happened at its
    levels and at others, for a rule whose levels have names. ablate: the rule's Params without each of its legs, for a
    rule that is made of several. break_down: what became of the breaks that the rule finds.
    """

    name: str
    path: Path
    source: str
    doc: str
    params: type
    find: Callable[[Bars, Any], Setups]
    leave: Callable[[Bars, Any], Exits] | None
    draw: Callable[[Bars, Any], Panel | None] | None
    stands: bool = True
    compare: Callable[[Bars, Any], Any] | None = None
    ablate: Callable[[Any], Any] | None = None
    break_down: Callable[[Bars, Any], Any] | None = None

    @property
    def where(self) -> str:
        """How messages call its file."""
        return f"strategies/{self.name}.py"

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return parameters(self.params)

    def build(self, values: dict[str, Any], where: str = "") -> Any:
        """The rule's Params with `values` over the defaults. Raises UserError naming the parameter."""
        return build(self.params, values, where or f"strategy {self.name}")

    def setups(self, bars: Bars, params: Any) -> Setups:
        """The rule's setups. Raises UserError when the rule returns something else, or setups that cannot be."""
        found = self._call(self.find, bars, params)
        if not isinstance(found, Setups):
            raise UserError(self.where, f"setups() returned {type(found).__name__}", "return a Setups")
        wrong = _unsound(found, len(bars))
        if wrong:
            raise UserError(self.where, f"setups() on {bars.symbol}: {wrong}", "see framework/setups.py")
        return found

    def exits(self, bars: Bars, params: Any) -> Exits:
        """Closes at which a long, a short is to be left; all False for a rule without exits of its own."""
        none = np.zeros(len(bars), dtype=bool)
        leave = self._call(self.leave, bars, params) if self.leave else (none, none)
        if not (isinstance(leave, tuple) and len(leave) == 2 and all(isinstance(one, np.ndarray) for one in leave)):
            raise UserError(self.where, "exits() returned something else", "two boolean arrays: long, short")
        for side, array in zip(("long", "short"), leave, strict=True):
            if array.shape != (len(bars),) or array.dtype != np.bool_:
                said = f"the {side} array of exits() is {array.dtype} of shape {array.shape}"
                raise UserError(self.where, said, f"booleans of shape ({len(bars)},)")
        return leave

    def panel(self, bars: Bars, params: Any) -> Panel | None:
        """What to draw under the price: a name, one value a bar, the levels that matter; None for nothing."""
        drawn = self._call(self.draw, bars, params) if self.draw else None
        if drawn is None:
            return None
        try:
            name, values, levels = drawn
            return str(name), np.asarray(values, dtype=float).reshape(len(bars)), tuple(map(float, levels))
        except (TypeError, ValueError):
            raise UserError(self.where, "panel() returned something else", "name, one value a bar, levels") from None

    def ablated(self, params: Any) -> dict[str, Any]:
        """The rule's Params without each of its legs, by their names; none for a rule that names none."""
        made = self._call(self.ablate, params) if self.ablate else {}
        if not isinstance(made, Mapping):
            raise UserError(self.where, f"ablated() returned {type(made).__name__}", "a dictionary of Params by name")
        return dict(made)

    def traits(self, bars: Bars, params: Any) -> Any:
        """What became of the breaks that the rule finds."""
        return self._call(self.break_down, bars, params)

    def placebo(self, bars: Bars, params: Any) -> Any:
        """What happened at the rule's levels and at others."""
        return self._call(self.compare, bars, params)

    def _call(self, hook: Any, *given: Any) -> Any:
        """A user's rule may raise anything; what helps is its line."""
        try:
            return hook(*given)
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            if interrupted(error):
                raise KeyboardInterrupt from None
            on = f" on {given[0].symbol}" if isinstance(given[0], Bars) else ""
            where = f"{self.where}{_line(error, self.path)}"
            raise UserError(where, f"{type(error).__name__}{on}: {error}", "mend the rule") from error


def root(start: Path) -> Path:
    """The nearest folder from `start` upward that holds `strategies/`. Raises UserError when there is none."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / "strategies").is_dir():
            return folder
    raise UserError(str(start), "no folder from here upward holds strategies/", "run inside a workspace")


def names(workspace: Path) -> list[str]:
    """The strategies of a workspace, by name."""
    files = (workspace / "strategies").glob("*.py")
    return sorted(path.stem for path in files if path.is_file() and path.stem[0] not in "._")


def load_strategy(workspace: Path, name: str) -> Strategy:
    """Load `strategies/NAME.py`. Raises UserError for a name that is none, or a file that is no strategy."""
    if name not in names(workspace):
        raise UserError(f"strategy '{name}'", "is not in strategies/", nearest(name, names(workspace)))
    where = f"strategies/{name}.py"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(where, "is no name of a strategy", "small letters, digits and _, as in my_rule.py")
    path = workspace / "strategies" / f"{name}.py"
    source = path.read_bytes()
    module = execute(source, path, f"strategies.{name}", where)
    params = getattr(module, "Params", None)
    if not (isinstance(params, type) and is_dataclass(params)):
        raise UserError(where, "has no dataclass Params", "declare the rule's parameters there")
    hooks = {hook: getattr(module, hook, None) for hook in HOOKS}
    for hook, given in hooks.items():
        if given is not None and not callable(given):
            raise UserError(where, f"has {hook} that is no function", f"{hook}(bars, params)")
    if (hooks["setups"] is None) == (hooks["signals"] is None):
        held = "has both setups() and signals()" if hooks["setups"] else "has no function setups(bars, params)"
        raise UserError(where, held, "let setups return a Setups, or signals(bars, params) a Signals")
    if hooks["signals"]:
        hooks["setups"], hooks["exits"] = _of_signals(hooks["signals"], name, where)
    stands = hooks.pop("signals") is None
    digest = hashlib.sha256(source).hexdigest()
    find: Any = hooks["setups"]
    doc = (module.__doc__ or "").strip()
    more: Any = {"leave": hooks["exits"], "draw": hooks["panel"], "compare": hooks["placebo"]}
    more |= {"ablate": hooks["ablated"], "break_down": hooks["traits"]}
    return Strategy(name, path, digest, doc, params, find, **more, stands=stands)


def _of_signals(hook: Callable[[Bars, Any], Signals], name: str, where: str) -> tuple[Any, Any]:
    """A rule that hands in boolean arrays, as setups and exits."""

    def signals(bars: Bars, params: Any) -> Signals:
        made = bars.remember(("signals", hook, params), lambda: hook(bars, params))
        if not isinstance(made, Signals) or len(made) != len(bars):
            raise UserError(where, f"signals() returned {type(made).__name__}", "return Signals, one row a bar")
        return made

    def setups(bars: Bars, params: Any) -> Setups:
        return as_setups(bars, signals(bars, params), name)

    def exits(bars: Bars, params: Any) -> Exits:
        return signals(bars, params).long_exit, signals(bars, params).short_exit

    return setups, exits


def execute(source: bytes, path: Path, name: str, where: str) -> Any:
    """A user's file as a module of that name. Raises UserError with the line where it fails; `where` names the file."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec, path
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        # Not by the loader: its bytecode is the old one's when a file of equal size is written twice in a second.
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # a user's file may raise anything; its line is what helps
        del sys.modules[spec.name]
        raise UserError(f"{where}{_line(error, path)}", f"{type(error).__name__}: {error}", "mend the file") from error
    return module


def _line(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno:
        return f":{error.lineno}"
    at, trace = "", error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            at = f":{trace.tb_lineno}"
        trace = trace.tb_next
    return at


def _unsound(found: Setups, bars: int) -> str:
    """What cannot be in a rule's setups on that many bars, in words; empty when all is well."""
    words, whole, numbers = ("U", "words"), ("i", "whole numbers"), ("fiu", "numbers")
    fixed = {"kind": words, "veto": words, "direction": whole, "known_at": whole, "stop": numbers, "target": numbers}
    fixed["height"] = numbers
    columns = [(name, getattr(found, name), form) for name, form in fixed.items()]
    columns += [(name, bar, whole) for name, bar in found.anchors.items()]
    columns += [(name, feature, numbers) for name, feature in found.features.items()]
    ends = [(f"line {name}, {end}", at) for name, line in found.lines.items() for end, at in line._asdict().items()]
    columns += [(name, at, whole if name.endswith(("first", "last")) else numbers) for name, at in ends]
    shape = np.shape(found.known_at)
    for name, column, (dtypes, said) in columns:
        if not isinstance(column, np.ndarray) or column.dtype.kind not in dtypes or column.shape != shape:
            return f"{name} is not an array of {said}, one a setup"
    if (np.abs(found.direction) != 1).any():
        return "a direction is neither +1 nor -1"
    if len(found) and not 0 <= found.known_at.min() <= found.known_at.max() < bars:
        return f"a known_at lies outside the {bars} bars"
    if (np.diff(found.known_at) < 0).any():
        return "known_at does not ascend"
    bars_of = dict(found.anchors) | {name: at for name, at in ends if name.endswith(("first", "last"))}
    for name, bar in bars_of.items():
        if ((bar < 0) | (bar > found.known_at)).any():
            return f"a bar of {name} lies outside the bars up to its known_at"
    return ""
