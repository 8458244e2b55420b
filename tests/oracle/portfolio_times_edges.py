"""Tables of several symbols whose bars do not lie at the same moments, and of fills at the close, ruin and windows."""

from __future__ import annotations

TIMES = """
A symbol that ends before the calendar: its last signals have no bar, its position is worth its last close, 520 of 1020.
```bars
with fraction=0.5
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 105  98 104 | exit long
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 |
2 |  50  52  48  50 | long stop=45
3 |  50  52  48  50 |
@ C
0 |  20  21  19  20 |
1 |  20  21  19  20 | long stop=15
A long entry 1 @ 100 exit 1 @ 104 open r 0.4 size 5
B long entry 3 @ 50 exit 3 @ 50 open r 0 size 10
C refused 1 no_bar
```
Bars in the market are the symbol's own, and so is the finer bar that tells the target from the stop.
```bars
with fraction=0.5 time_stop=3
@ A
0 | -
1 | 100 101  99 100 | long stop=90
2 | 100 102  98 100 |
3 | -
4 | 100 102  98 100 |
5 | 100 102  98 100 |
6 | 106 107 105 106 |
@ B
0-6 |  50  51  49  50 |
A long entry 2 @ 100 exit 6 @ 106 time r 0.6 size 5
```
```bars
with fraction=0.5
@ A
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | -
3 | 101 111  94 100 |
^ 3 | 101 110 100 104
^ 3 | 104 105  94 100
@ B
0-3 |  50  51  49  50 |
A long entry 1 @ 100 exit 3 @ 110 target r 2 size 5
```
With fill = "close" the bar's own stops come first, then the signals' exits, then the entries, each with what was freed.
```bars
with fill=close
@ A
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
@ B
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 | exit long
B long entry 0 @ 100 exit 1 @ 100 signal r 0 size 10
A long entry 1 @ 50 exit 1 @ 50 open r 0 size 20
```
```bars
with fill=close positions=1
@ A
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
@ B
0 | 100 101  99 100 | long stop=90
1 | 100 102  89  95 |
B long entry 0 @ 100 exit 1 @ 90 stop r -1 size 10
A long entry 1 @ 50 exit 1 @ 50 open r 0 size 18
```
It needs no next bar. A is worth its last close at the moment after (400 of 900), B and C their fills at their own.
```bars
with fill=close fraction=0.5 slippage=0.25
@ A
0 | 100 101  99 100 | long stop=75
@ B
0 | -
1 |  40  41  39  40 | long stop=30
@ C
0 | -
1 |  80  81  79  80 | long stop=60
A long entry 0 @ 125 exit 0 @ 100 open r -0.5 size 4
B long entry 1 @ 50 exit 1 @ 40 open r -0.5 size 9
C long entry 1 @ 100 exit 1 @ 80 open r -0.5 size 0.5
```
Ruin is of the account, also where one symbol has no bar: A owes 1100 and B is worth 40 more than it cost, at its last
close. Where B has a bar, and is worth 240 more, nothing is ruined.
```bars
with leverage=5 fraction=2 stop=own
@ A
0 | 100 101  99 100 | short
1 | 100 102  98 100 |
2 | 100 160  99 155 | long
3 | 100 102  98 100 |
@ B
0 |  50  51  49  50 | long
1 |  50  52  48  51 |
2 | -
3 |  50  51  49  50 | long
A short entry 1 @ 100 exit 2 @ 155 ruined r nan size 20
B long entry 1 @ 50 exit 1 @ 51 ruined r nan size 40
A refused 2 ruined
B refused 3 ruined
```
```bars
with leverage=5 fraction=2 stop=own
@ A
0 | 100 101  99 100 | short
1 | 100 102  98 100 |
2 | 100 160  99 155 |
@ B
0 |  50  51  49  50 | long
1 |  50  52  48  51 |
2 |  50  57  49  56 |
A short entry 1 @ 100 exit 2 @ 155 open r nan size 20
B long entry 1 @ 50 exit 2 @ 56 open r nan size 40
```
A window is in the way of its own symbol's entries, not of another's.
```bars
with fraction=0.3
@ A
0 | 100 101  99 100 | long stop=90 window=1
1 | 100 102  98 100 | short stop=110 window=2
2 | 100 102  98 100 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45 window=2
2 |  50  52  48  50 |
A long entry 1 @ 100 exit 2 @ 100 open r 0 size 3
A refused 1 lapsed
B long entry 2 @ 50 exit 2 @ 50 open r 0 size 6
```
"""
