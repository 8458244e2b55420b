"""Known answers, second implementations, and random input: how much of it, the ordinary run decides here."""

from __future__ import annotations

import os


def examples(most: int) -> int:
    """How many examples Hypothesis makes: a third in the ordinary run, all where CHARTPROOF_EXAMPLES is set."""
    return most if os.environ.get("CHARTPROOF_EXAMPLES") else max(most // 3, 4)


def thin(bars: int) -> int:
    """The step from one cut to the next: so many bars in the ordinary run, one where CHARTPROOF_EXAMPLES is set."""
    return 1 if os.environ.get("CHARTPROOF_EXAMPLES") else bars
