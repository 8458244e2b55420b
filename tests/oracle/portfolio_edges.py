"""Tables of several symbols that share a cash and a number of places. All numbers follow from SEMANTICS.md alone.

A row may give an entry its `rank=`; the rest is as in the tables of one symbol.
"""

from __future__ import annotations

MONEY = """
What an exit at the open releases serves the entries of that open, by a signal or by a gap. No more is bought than the
equity of the signal's close, 1000, nor than what the gap left, 800.
```bars
with fraction=2
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 | exit long
2 | 110 111 109 110 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
2 |  50  52  48  50 |
A long entry 1 @ 100 exit 2 @ 110 signal r 1 size 10
B long entry 2 @ 50 exit 2 @ 50 open r 0 size 20
```
```bars
@ A
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
2 |  50  52  48  50 |
@ B
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 |
2 |  80  81  79  80 |
B long entry 1 @ 100 exit 2 @ 80 stop r -2 size 10
A long entry 2 @ 50 exit 2 @ 50 open r 0 size 16
```
What a stop inside the bar releases came after that bar's open: it serves the next one.
```bars
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 |
2 | 100 101  89  95 |
3 |  95  96  94  95 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
2 |  50  52  48  50 | long stop=45
3 |  50  52  48  50 |
A long entry 1 @ 100 exit 2 @ 90 stop r -1 size 10
B refused 1 no_cash
B long entry 3 @ 50 exit 3 @ 50 open r 0 size 18
```
What rounding leaves of a cash that was all spent (1000 less 19 times 1000 ÷ 19) is nothing.
```bars
@ A
0 |  19  20  18  19 | long stop=15
1 |  19  20  18  19 |
@ B
0 |  20  21  19  20 | long stop=15
1 |  20  21  19  20 |
A long entry 1 @ 19 exit 1 @ 19 open r 0
B refused 0 no_cash
```
A position is worth its last close while others enter, not the open of that moment: 1100 less the 600 that A is worth.
```bars
with fraction=0.5
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 122  98 120 |
2 | 130 132 128 130 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
2 |  50  52  48  50 |
A long entry 1 @ 100 exit 2 @ 130 open r 3 size 5
B long entry 2 @ 50 exit 2 @ 50 open r 0 size 10
```
One that was entered at this very moment is worth its fill. Leverage 2: A pays 1000 and a fee of 250, which leaves an
equity of 750, so 500 for B: 8 × 50 and a fee of 100.
```bars
with leverage=2 slippage=0.25 fee=0.25
@ A
0 | 100 101  99 100 | long stop=85
1 | 100 102  98 100 |
@ B
0 |  40  41  39  40 | long stop=30
1 |  40  42  38  40 |
A long entry 1 @ 125 exit 1 @ 100 open r -1.40625 size 8
B long entry 1 @ 50 exit 1 @ 40 open r -1.125 size 8
```
Leverage is the account's: 15 × 100, then 10 × 50 of the 30 that were wanted, then nothing.
```bars
with leverage=2 fraction=1.5
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 |
@ B
0 |  50  51  49  50 | long stop=45
1 |  50  52  48  50 |
@ C
0 |  20  21  19  20 | long stop=15
1 |  20  21  19  20 |
A long entry 1 @ 100 exit 1 @ 100 open r 0 size 15
B long entry 1 @ 50 exit 1 @ 50 open r 0 size 10
C refused 0 no_cash
```
A short's value counts without its sign: what it was sold for buys nothing.
```bars
with fraction=0.6
@ A
0 | 100 101  99 100 | short stop=110
1 | 100 102  98 100 | exit short
2 |  90  91  89  90 |
@ B
0 |  50  51  49  50 | long stop=45
1 |  50  52  48  50 | exit long
2 |  55  56  54  55 |
A short entry 1 @ 100 exit 2 @ 90 signal r 1 size 6
B long entry 1 @ 50 exit 2 @ 55 signal r 1 size 8
```
Its fee is gone: 850 of equity, 600 of them in the short.
```bars
with fraction=0.6 fee=0.25
@ A
0 | 100 101  99 100 | short stop=110
1 | 100 102  98 100 |
@ B
0 |  50  51  49  50 | long stop=45
1 |  50  52  48  50 |
A short entry 1 @ 100 exit 1 @ 100 open r -2.5 size 6
B long entry 1 @ 50 exit 1 @ 50 open r -2.5 size 4
```
A risk is a share of the equity at the signal's close, whatever a gap took since.
```bars
with risk=0.02
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 |
2 |  50  51  49  50 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | short stop=55
2 |  50  52  48  50 |
A long entry 1 @ 100 exit 2 @ 50 stop r -5 size 2
B short entry 2 @ 50 exit 2 @ 50 open r 0 size 4
```
A short's borrowing, over a moment too at which it has no bar, is paid at the close before it: 999 are left.
```bars
with fraction=0.5 borrow=0.36525
@ A
0 | 100 101  99 100 | short stop=110
1 | 100 102  98 100 |
2 | -
3 | 100 102  98 100 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
2 |  50  52  48  50 |
3 |  50  52  48  50 |
A short entry 1 @ 100 exit 3 @ 100 open r -0.03 size 5 carry 1.5
B long entry 2 @ 50 exit 3 @ 50 open r 0 size 9.98
```
"""

PLACES = """
A place that a gap frees at an open can be taken there; one that is freed inside the bar cannot.
```bars
with fraction=0.5 positions=1
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 |
2 |  80  81  79  80 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
2 |  50  52  48  50 |
A long entry 1 @ 100 exit 2 @ 80 stop r -2 size 5
B long entry 2 @ 50 exit 2 @ 50 open r 0 size 10
```
```bars
with fraction=0.5 positions=1
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 |
2 | 100 101  89  95 |
3 |  95  96  94  95 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
2 |  50  52  48  50 | long stop=45
3 |  50  52  48  50 |
A long entry 1 @ 100 exit 2 @ 90 stop r -1 size 5
B refused 1 full
B long entry 3 @ 50 exit 3 @ 50 open r 0 size 9.5
```
An exit that waits for its symbol's next bar holds its place until then.
```bars
with fraction=0.5 positions=1
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 | exit long
2 | -
3 |  70  71  69  70 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
2 |  50  52  48  50 | long stop=45
3 |  50  52  48  50 |
A long entry 1 @ 100 exit 3 @ 70 signal r -3 size 5
B refused 1 full
B long entry 3 @ 50 exit 3 @ 50 open r 0 size 10
```
A reversal frees its own place, and may lose it to an entry of a higher rank; it closes all the same.
```bars
with fraction=0.5 positions=1 on_opposite=reverse
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 | short stop=110 rank=1
2 | 100 102  98 100 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45
2 |  50  52  48  50 |
A long entry 1 @ 100 exit 2 @ 100 opposite r 0 size 5
A short entry 2 @ 100 exit 2 @ 100 open r 0 size 5
B refused 1 full
```
```bars
with fraction=0.5 positions=1 on_opposite=reverse
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 | short stop=110 rank=1
2 | 100 102  98 100 |
@ B
0 |  50  51  49  50 |
1 |  50  52  48  50 | long stop=45 rank=1.5
2 |  50  52  48  50 |
A long entry 1 @ 100 exit 2 @ 100 opposite r 0 size 5
A refused 1 full
B long entry 2 @ 50 exit 2 @ 50 open r 0 size 10
```
Without a bar at the next moment a reversal enters nothing, and closes at the next bar there is.
```bars
with fraction=0.5 on_opposite=reverse
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 | short stop=110
2 | -
3 | 104 105 103 104 | long stop=94
4 | 104 105 103 104 |
5 | 105 106 104 105 |
@ B
0-5 |  50  51  49  50 |
A long entry 1 @ 100 exit 3 @ 104 opposite r 0.4 size 5
A long entry 4 @ 104 exit 5 @ 105 open r 0.1
A refused 1 no_bar
```
The last place: of equal ranks the symbol that was named first, and no rank is lower than any.
```bars
with fraction=0.3 positions=1
@ A
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 |
@ B
0 |  50  51  49  50 | long stop=45 rank=-5
1 |  50  52  48  50 |
@ C
0 |  20  21  19  20 | short stop=25 rank=-5
1 |  20  21  19  20 |
A refused 0 full
B long entry 1 @ 50 exit 1 @ 50 open r 0 size 6
C refused 0 full
```
```bars
with fraction=0.5 positions=1
@ C
0 |  20  21  19  20 | long stop=15 rank=nan
1 |  20  21  19  20 |
@ A
0 |  50  51  49  50 | long stop=45
1 |  50  52  48  50 |
A refused 0 full
C long entry 1 @ 20 exit 1 @ 20 open r 0 size 25
```
The cash goes by rank too, and a rank given to an entry of one's own side decides which of them lapses.
```bars
with fraction=0.6
@ A
0 | 100 101  99 100 | long stop=90 rank=0.1
1 | 100 102  98 100 |
@ B
0 |  50  51  49  50 | long stop=40 rank=1; long stop=45 rank=2
1 |  50  52  44  50 |
B long entry 1 @ 50 exit 1 @ 45 stop r -1 size 12
A long entry 1 @ 100 exit 1 @ 100 open r 0 size 4
B refused 0 lapsed
```
What is the entry's own fault is named before the want of a place, and takes none.
```bars
with fraction=0.5 positions=1 lot=10
@ A
0 | 100 101  99 100 | long stop=90 rank=1
1 | 100 102  98 100 |
@ B
0 |  50  51  49  50 | long stop=45 rank=2
1 |  50  52  48  50 |
@ C
0 |  20  21  19  20 | long stop=25 rank=3
1 |  20  21  19  20 |
@ D
0 |  20  21  19  20 | long stop=15
1 |  20  21  19  20 |
A refused 0 too_small
B long entry 1 @ 50 exit 1 @ 50 open r 0 size 10
C refused 0 beyond_stop
D refused 0 full
```
"""
