"""Tables of entries that belong to windows, and of exits that only one window's entries were given."""

from __future__ import annotations

WINDOWS = """
What another window holds is left alone: an opposite entry lapses, whatever it would do otherwise.
```bars
0 | 100 101  99 100 | long stop=95 window=1
1 | 100 102  98 101 | short stop=110 window=2
2 | 101 103  99 100 |
refused 1 lapsed
long entry 1 @ 100 exit 2 @ 100 open r 0
```
```bars
with on_opposite=reverse
0 | 100 101  99 100 | long stop=95 window=2
1 | 100 102  98 101 | short stop=110 window=1
2 | 101 103  99 100 |
refused 1 lapsed
long entry 1 @ 100 exit 2 @ 100 open r 0
```
```bars
with on_opposite=ignore
0 | 100 101  99 100 | short stop=105
1 | 100 102  98 101 | long stop=90 window=1
2 | 101 103  99 100 | long stop=90
refused 1 lapsed
refused 2 opposite
short entry 1 @ 100 exit 2 @ 100 open r 0
```
Within one window nothing is new.
```bars
0 | 100 101  99 100 | long stop=95 window=3
1 | 100 102  98 101 | short stop=110 window=3
2 | 101 103  99 100 |
refused 1 opposite
long entry 1 @ 100 exit 2 @ 101 opposite r 0.2
```
Two windows on one bar: its own reverses, and closes even when it is refused; the other's had lapsed at the close.
```bars
with on_opposite=reverse
0 | 100 101  99 100 | long stop=95 window=1
1 | 100 102  98 101 | short stop=110 window=2; short stop=100 window=1
2 | 101 103  99 100 |
refused 1 lapsed
refused 1 beyond_stop
long entry 1 @ 100 exit 2 @ 101 opposite r 0.2
```
Long and short on one bar are neither, also of two windows, and do nothing to a position.
```bars
0 | 100 101  99 100 | long stop=95 window=1
1 | 100 102  98 101 | short stop=110 window=1; long stop=90 window=2
2 | 101 103  99 100 |
refused 1 both_sides
refused 1 both_sides
long entry 1 @ 100 exit 2 @ 100 open r 0
```
A position keeps the exits it was entered with, and another window's are not for it, nor for an entry on that bar.
```bars
0 | 100 101  99 100 | long stop=95 window=1; exit long window=2
1 | 100 102  98 101 | exit long window=2
2 | 101 103  99 102 | exit long window=1
3 | 103 104 102 103 |
long entry 1 @ 100 exit 3 @ 103 signal r 0.6
```
```bars
0 | 100 101  99 100 | long stop=95 window=1
1 | 100 102  98 101 | long stop=95 window=2; exit long window=1
2 | 101 103  99 102 | long stop=95 window=2; exit long window=2
3 | 103 104 102 103 |
refused 1 lapsed
refused 2 with_exit
long entry 1 @ 100 exit 2 @ 101 signal r 0.2
```
Held means at the close: who was stopped before it is in nobody's way, who leaves at it or after it still is.
```bars
0 | 100 101  99 100 | long stop=95 window=1
1 | 100 101  94  95 | short stop=101 window=2
2 |  96  97  95  96 |
long entry 1 @ 100 exit 1 @ 95 stop r -1
short entry 2 @ 96 exit 2 @ 96 open r 0
```
```bars
with fill=close time_stop=1
0 | 100 101  99 100 | long stop=95 window=1
1 | 100 101  99 101 | long stop=95 window=2
2 | 101 102 100 101 | long stop=95 window=2
refused 1 lapsed
long entry 0 @ 100 exit 1 @ 101 time r 0.2
long entry 2 @ 101 exit 2 @ 101 open r 0
```
Nothing held: the first that is not refused is taken, of whichever window; those after it lapse.
```bars
0 | 100 101  99 100 | long stop=100 window=1; long stop=95 window=2; long stop=90 window=1
1 | 100 102  98 101 | short stop=110 window=1
2 | 101 102  98 101 | short stop=110 window=2
3 | 102 103 101 102 |
refused 0 beyond_stop
refused 0 lapsed
refused 1 lapsed
refused 2 opposite
long entry 1 @ 100 exit 3 @ 102 opposite r 0.4
```
"""
