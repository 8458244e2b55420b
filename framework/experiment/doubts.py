"""What speaks against a result, in sentences: the search it comes from, chance, the trials, what was kept back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..metrics import Estimate
from ..report.words import chance, plural

LEVEL = 0.05  # of the tests
SURE = 0.95  # of a deflated Sharpe ratio
TOO_SMALL = ", too small a p: a rule that is mostly in the market and leaves by signals meets the same runs again"
FEWEST = 19  # orders of the bars under which no p can be at the level


def doubts(summary: Mapping[str, Any]) -> dict[str, str]:
    """`search`: what it found and what is left of that in the tests; `chance`: how likely that explains it; `trials`:
    how many there were and what they are worth; `holdout`: what was kept back, and who has looked.
    """
    told = {"search": _search(summary), "chance": " ".join(_chance(summary)), "trials": " ".join(_trials(summary))}
    told["holdout"] = _holdout(summary["holdout"])
    return {name: text for name, text in told.items() if text}


def by_luck(summary: Mapping[str, Any], variant: str) -> list[str]:
    """What does not tell a variant that made money from luck, in a few words each; empty where all does."""
    found = []
    random, permuted = summary["chance"]["random_entries"], summary["chance"]["permuted"]
    if random and random[variant]["draws"] >= FEWEST:
        if random[variant]["mean_r"]["p"] > LEVEL:
            found.append("random entries do as well")
        elif incomparable(summary["variants"][variant]):
            found.append("random entries say little of a rule that is mostly in the market and leaves by signals")
    if permuted and permuted["permutations"] >= FEWEST and permuted[f"left_{variant}"]["p"] > LEVEL:
        found.append("the search leaves as much on bars in random order")
    over = summary["overfitting"]
    deflated = over["variants"][variant]["found"]["deflated"]
    if over["trials"] > len(summary["variants"]) and not deflated >= SURE:
        unknown = math.isnan(deflated)
        found.append(
            f"{'it is one' if unknown else 'the best'} of {over['trials']:,} trials{'' if unknown else ' may be luck'}"
        )
    return found


def beats_chance(summary: Mapping[str, Any], variants: Sequence[str]) -> bool:
    """Whether all these variants made more a trade than random entries did."""
    random = summary["chance"]["random_entries"] or {}
    each = [random.get(name) for name in variants]
    return all(one is not None and one["draws"] >= FEWEST and one["mean_r"]["p"] <= LEVEL for one in each)


def incomparable(figures: Mapping[str, Any]) -> bool:
    """Whether random entries meet the same runs of the market over and over, so that their p is too small: the rule is
    in the market for a third of the time and leaves by its signals in half of its trades. On noise a rule that always
    is had a p under .05 in 14 % of 100 runs.
    """
    by_signal = sum(figures["exits"].get(name, 0) for name in ("signal", "opposite"))
    return bool(figures["exposure"] > 1 / 3 and by_signal > figures["trades"] / 2)


def _search(summary: Mapping[str, Any]) -> str:
    search, windows = summary["search"], summary["windows"]
    if search is None:
        return ""
    chose = [one for one in windows if one["chosen"] == "searched"]
    name, every = search["objectives"][0].replace("_", " "), f"{search['different']} of {search['grid']:,}"
    head = f"The search tried {every} parameter sets"
    if not chose:
        return f"{head} and found none with enough trades in any of {len(windows)} windows."
    near = {one["window"]: one["median"] for one in search["plateau"]}
    rows = [
        (one["in_sample"]["score"], one["out_of_sample"]["score"], near.get(one["window"], math.nan)) for one in chose
    ]
    both = [row for row in rows if not math.isnan(row[1])]
    traded = [one["out_of_sample"] for one in chose if not math.isnan(one["out_of_sample"]["score"])]
    trades = sum(one[variant]["trades"] for one in traded for variant in summary["variants"])
    if not both:
        return f"{head}; what it chose made no trade in the tests."
    before, after = (sum(row[i] for row in both) / len(both) for i in (0, 1))
    around = [row[2] for row in both if not math.isnan(row[2])]
    beside = f", its neighbours {sum(around) / len(around):+.2f}" if around else ""
    return (
        f"{head}; what it chose scored {before:+.2f} {name} in training{beside}, and {after:+.2f} in the tests after "
        f"({plural(len(both), 'window')}, {plural(trades, 'trade')})."
    )


def _chance(summary: Mapping[str, Any]) -> Iterator[str]:
    random, permuted = summary["chance"]["random_entries"], summary["chance"]["permuted"]
    for name in summary["variants"] if random else ():
        one, r = random[name], random[name]["mean_r"]
        if one["trades"] and not math.isnan(r["p"]):
            yield (
                f"Random entries like the {name} ones, under the same stops and exits, made {r['mean']:+.2f} R a trade "
                f"(95 % {r['low']:+.2f} to {r['high']:+.2f}); that they make as much as the rule: {chance(r['p'])}, "
                f"{one['draws']} draws{TOO_SMALL if incomparable(summary['variants'][name]) else ''}."
            )
    each = [(name, permuted[f"left_{name}"]["p"]) for name in summary["variants"]] if permuted else []
    left = [f"{chance(p)} ({name})" for name, p in each if not math.isnan(p)]
    if permuted and left:
        orders = plural(permuted["permutations"], "order")
        head = "That the same search leaves as much in the tests on bars in random order"
        yield f"{head}: {' and '.join(left)}, {orders}."


def _trials(summary: Mapping[str, Any]) -> Iterator[str]:
    over = summary["overfitting"]
    if summary["search"] is None and over["trials"] <= len(summary["variants"]):
        return
    runs = f" in {over['runs']} runs" if over["runs"] > 1 else ""
    count = plural(over["trials"], "trial")
    yield f"{count} on these markets and days so far{runs}, a parameter set and an entry each."
    for name, one in over["variants"].items():
        best, pbo, spa = one["found"], one["pbo"], one["spa"]
        if not math.isnan(best["deflated"]):
            text = f"Deflated Sharpe ratio of this run's best set {best['deflated']:.2f} ({name}; noise has .5 or "
            text += "less, .95 is asked for)"
            middling = "what is best in one half of the time is no more than middling in the other in"
            text += f"; {middling} {pbo['value']:.0%} of all halves" if pbo else ""
            text += f"; that no set gained in the tests by more than luck, {chance(spa['p'])}" if _known(spa) else ""
            yield f"{text}."


def _known(spa: Mapping[str, Any] | None) -> bool:
    return spa is not None and not math.isnan(spa["p"])


def _holdout(held: Mapping[str, Any] | None) -> str:
    if held is None:
        return ""
    seen = held["seen_by"]
    looks = f"{plural(len(seen), 'other run')} traded some of it ({_some(seen)})" if seen else "no other run has"
    head = f"Held out from {held['from']:%Y-%m-%d} on"
    if not held["looked"]:
        unseen = "this run has not looked at it, " + ("but " if seen else "and ")
        return f"{head}: {unseen}{looks}; `--holdout` looks, and is counted."
    parts = []
    for name, one in held["variants"].items():
        r = Estimate(**one["expectancy_r"])
        if r.n and math.isnan(r.value):
            parts.append(f"{name} entries have no R, since trades without a stop have none")
            continue
        interval = f" (95 % {r.low:+.2f} to {r.high:+.2f}, {plural(r.n, 'trade')})" if r.enough else ""
        few = "" if r.enough else f", {plural(r.n, 'trade')}, too few to judge"
        parts.append(f"{name} entries {r.value:+.2f} R a trade{interval}{few}" if r.n else f"{name} entries no trade")
    again = f"; it is no longer unseen: {looks}" if seen else ""
    return f"{head}, looked at by this run: {'; '.join(parts)}{again}."


def _some(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
