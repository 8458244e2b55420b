"""Every remedy on a known row, and that what is mended becomes Bars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.bars import Bars
from framework.errors import UserError
from framework.faults import REMEDIES, Fault, inspect, mend
from framework.mending import REMEDIES as KNOWN

from .tables import kinds, only, put, table


def test_every_remedy_that_is_offered_exists_and_is_offered() -> None:
    assert {name for names in REMEDIES.values() for name in names} == set(KNOWN)


def test_every_error_says_what_would_be_right() -> None:
    for kind in REMEDIES:
        assert "mend" in Fault(kind, "error", np.empty(0, np.int64), "").right
    assert only(table(0)).right == "a table of bars has at least one row"


def test_assume_utc() -> None:
    mended, changes = mend(table().tz_localize(None), ["assume_utc"])
    pd.testing.assert_frame_equal(mended, table(), check_freq=False)
    assert changes == ["assume_utc: 12 rows taken as UTC"]


def test_blank_text_then_drop_nan() -> None:
    frame = put(put(table(), "open", {3: "NULL"}), "volume", {7: "NULL"})
    blank, changes = mend(frame, ["blank_text"])
    assert kinds(blank) == [("no price", [3]), ("volume unknown in part", [7])]
    assert changes == ["blank_text: 2 rows with text in place of a number, now unknown"]
    both, _ = mend(frame, ["drop_nan", "blank_text"])
    assert len(both) == 11
    assert both["open"].tolist() == table().drop(table().index[3])["open"].tolist()


def test_drop_nan_leaves_text_to_be_named() -> None:
    mended, changes = mend(put(table(), "open", {3: "NULL", 4: None}), ["drop_nan"])
    assert changes == ["drop_nan: 1 row without a stamp or a price dropped"]
    assert ("text", [3]) in kinds(mended)


def test_drop_nan_keeps_rows_of_unknown_volume() -> None:
    assert len(mend(put(table(), "volume", {3: np.nan}), ["drop_nan"])[0]) == 12


def test_drop_nan_drops_infinite_prices_and_rows_without_a_stamp() -> None:
    index = table().index.to_series().reset_index(drop=True)
    index[9] = pd.NaT
    mended, _ = mend(put(table(), "high", {0: np.inf}).set_axis(pd.DatetimeIndex(index)), ["drop_nan"])
    assert mended["close"].tolist() == [101, 102, 103, 104, 105, 106, 107, 108, 110, 111]


def test_drop_nonpositive() -> None:
    mended, changes = mend(put(put(table(), "low", {0: 0.0}), "open", {2: -5.0}), ["drop_nonpositive"])
    assert mended["close"].tolist() == [101, 103, 104, 105, 106, 107, 108, 109, 110, 111]
    assert changes == ["drop_nonpositive: 2 rows with a price of zero or below dropped"]


def test_widen_holds_all_four_prices_and_touches_no_other_row() -> None:
    frame = put(put(table(), "high", {4: 90.0, 6: 105.5}), "low", {4: 110.0, 8: 107.5})
    mended, changes = mend(frame, ["widen"])
    assert mended.iloc[[4, 6, 8]][["high", "low"]].to_numpy().tolist() == [[110, 90], [106, 103], [110, 107]]
    assert inspect(mended) == []
    assert changes == ["widen: 3 rows with high and low widened to hold all four prices"]
    others = [row for row in range(12) if row not in (4, 6, 8)]
    pd.testing.assert_frame_equal(mended.iloc[others], table().iloc[others])


def test_drop_inconsistent() -> None:
    frame = put(put(table(), "high", {4: 90.0, 6: 105.5}), "low", {8: 107.5})
    mended, _ = mend(frame, ["drop_inconsistent"])
    assert mended["close"].tolist() == [100, 101, 102, 103, 105, 107, 109, 110, 111]


def test_blank_volume() -> None:
    mended, changes = mend(put(table(), "volume", {1: -3.0, 2: np.inf}), ["blank_volume"])
    assert np.isnan(mended["volume"].iloc[[1, 2]]).all()
    assert mended["volume"].iloc[3:].tolist() == table()["volume"].iloc[3:].tolist()
    assert changes == ["blank_volume: 2 rows with an impossible volume, now unknown"]


def test_drop_duplicates_does_not_choose_between_bars_that_disagree() -> None:
    frame = put(table().iloc[[0, 1, 1, 2, 2]], "close", {4: 102.5})
    mended, changes = mend(frame, ["drop_duplicates"])
    assert mended["close"].tolist() == [100, 101, 102, 102.5]
    assert changes == ["drop_duplicates: 1 row dropped as copies"]
    assert [f.kind for f in inspect(mended)] == ["duplicates disagree"]


@pytest.mark.parametrize(("name", "closes"), [("keep_first", [100, 101, 102]), ("keep_last", [100, 101, 102.5])])
@pytest.mark.parametrize("more", [[], ["sort"], ["sort", "drop_duplicates"]])
def test_keep_first_and_last_are_those_of_the_table_handed_in(name: str, closes: list[float], more: list[str]) -> None:
    frame = put(table().iloc[[2, 2, 1, 1, 0]], "close", {1: 102.5})
    mended, _ = mend(frame, [*more, name])
    assert mended["close"].tolist() == (closes if more else closes[::-1])


def test_sort_is_stable_and_tells_what_moved() -> None:
    frame = put(table().iloc[[0, 2, 1, 1, 3]], "close", {3: 101.5})
    mended, changes = mend(frame, ["sort"])
    assert mended["close"].tolist() == [100, 101, 101.5, 102, 103]
    assert changes == ["sort: 3 rows moved into the order of time"]


def test_sort_keeps_copies_in_their_order_in_a_long_table_too() -> None:
    frame = table(50).iloc[np.repeat(np.arange(50)[::-1], 4)].assign(volume=np.tile([1.0, 2.0, 3.0, 4.0], 50))
    assert mend(frame, ["sort"])[0]["volume"].tolist() == [1.0, 2.0, 3.0, 4.0] * 50


def test_a_remedy_with_nothing_to_do_says_so_and_changes_nothing() -> None:
    mended, changes = mend(table(), list({*KNOWN} - {"keep_last", "drop_inconsistent"}))
    pd.testing.assert_frame_equal(mended, table(), check_freq=False)
    assert all(": 0 rows " in line for line in changes)
    assert len(changes) == len(KNOWN) - 2


def test_remedies_survive_a_table_that_is_wrong_in_other_ways() -> None:
    for frame in (
        table().drop(columns="high"),
        table().reset_index(),
        pd.DataFrame(),
        pd.concat([table()] * 2, axis=1),
    ):
        mended, _ = mend(frame, list({*KNOWN} - {"keep_last", "drop_inconsistent"}))
        assert len(mended) == len(frame)


def spoil(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Real-looking trouble at random rows: copies, disorder, absent and impossible cells."""
    for name in ("open", "high", "low", "close", "volume"):
        cells = rng.choice([np.nan, np.inf, -2.0, 0.0, 1e6, 0.5], size=2)
        frame = put(frame, name, dict(zip(rng.integers(0, len(frame), 2).tolist(), cells.tolist(), strict=True)))
    rows = np.concatenate([np.arange(len(frame)), rng.integers(0, len(frame), 4)])
    return frame.iloc[rng.permutation(rows)]


@given(
    st.integers(0, 10_000),
    st.sampled_from(["keep_first", "keep_last"]),
    st.sampled_from(["widen", "drop_inconsistent"]),
)
def test_what_is_mended_on_request_becomes_bars(seed: int, keep: str, inside: str) -> None:
    frame = spoil(table(40), np.random.default_rng(seed))
    named = {name for fault in inspect(frame, "1h") for name in fault.remedies}
    wanted = [name for name in named if name not in ("keep_first", "keep_last", "widen", "drop_inconsistent")]
    bars = Bars.from_frame(frame, "X", "1h", mend=[*wanted, keep, inside])
    assert (np.diff(bars.time) > np.timedelta64(0)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low > 0).all()
    assert np.isfinite(bars.high).all()
    assert not (bars.volume < 0).any()
    with pytest.raises(UserError):
        Bars.from_frame(frame, "X", "1h")


@given(st.integers(0, 10_000))
def test_inspecting_changes_nothing_and_names_rows_that_exist(seed: int) -> None:
    frame = spoil(table(20), np.random.default_rng(seed))
    before = frame.copy()
    for fault in inspect(frame):
        assert ((fault.rows >= 0) & (fault.rows < len(frame))).all()
        assert (np.diff(fault.rows) > 0).all() or fault.kind == "gaps"
        assert "\n" not in fault.message
    pd.testing.assert_frame_equal(frame, before)
