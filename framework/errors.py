"""What a user is told when something handed in is wrong: where, what, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """The input is wrong. The message is one line: `WHERE: what is wrong; what would be right`."""

    def __init__(self, where: str, wrong: str, right: str) -> None:
        self.where, self.wrong, self.right = where, wrong, right
        super().__init__(" ".join(f"{where}: {wrong}; {right}".split()))

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str, str]]:
        return type(self), (self.where, self.wrong, self.right)  # so that it comes back whole from another process


class MissingError(UserError):
    """A rule asks for what the market's data does not have: the volume, the open interest."""


def nearest(word: str, known: Iterable[str]) -> str:
    """What to say would be right in place of `word`: the closest known word, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known: {', '.join(names)}" if names else "none is known"
