"""What is published of chart patterns, to be printed beside one's own counts.

Bulkowski, Encyclopedia of Chart Patterns, second edition (2005), daily stocks in bull markets; the figures as his pages
gave them. Later editions differ widely: name the one that is cited. way: share of its breakouts that went this way,
nothing where a pattern counts only once it broke that way. reached: meets the measured target, whenever, after exits
chosen in hindsight; of wedges as he measures it, the end of the wedge, not its height. back: throwback or pullback to
the price of the breakout, not to a sloping line, within 30 days. Double bottoms and tops: those he calls Eve & Eve.
A copy of his page on the falling wedge has its 68 percent downwards; his own has them upwards.
"""

from __future__ import annotations

from collections.abc import Mapping

SOURCE = (
    "Bulkowski, Encyclopedia of Chart Patterns, 2nd edition (2005), daily stocks in bull markets, where a target "
    "counts whenever it is met, that of a wedge is its end, and price comes back to the price of the break"
)
PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "falling_wedge_up": {"way": 0.68, "reached": 0.70, "back": 0.56},
    "falling_wedge_down": {"way": 0.32, "reached": 0.30, "back": 0.69},
    "rising_wedge_up": {"way": 0.31, "reached": 0.58, "back": 0.73},
    "rising_wedge_down": {"way": 0.69, "reached": 0.46, "back": 0.63},
    "symmetrical_triangle_up": {"way": 0.54, "reached": 0.66, "back": 0.37},
    "symmetrical_triangle_down": {"way": 0.46, "reached": 0.48, "back": 0.59},
    "ascending_triangle_up": {"way": 0.70, "reached": 0.75, "back": 0.57},
    "ascending_triangle_down": {"way": 0.30, "reached": 0.68, "back": 0.49},
    "descending_triangle_up": {"way": 0.36, "reached": 0.84, "back": 0.37},
    "descending_triangle_down": {"way": 0.64, "reached": 0.54, "back": 0.54},
    "head_and_shoulders": {"reached": 0.55, "back": 0.50},
    "inverse_head_and_shoulders": {"reached": 0.74, "back": 0.45},
    "double_top": {"reached": 0.73, "back": 0.59},
    "double_bottom": {"reached": 0.67, "back": 0.55},
}
