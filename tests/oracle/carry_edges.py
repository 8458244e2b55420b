"""Tables of funding and borrowing, where their rules meet others. The text of SEMANTICS.md gives every amount."""

from __future__ import annotations

CARRY = """
With a fill at the close: who enters at it pays nothing there, who leaves at it was the position and pays.
```bars
with fill=close
0 | 100 101  99 100 | long stop=90; funding=0.5
1 | 100 102  98 100 | funding=0.01
2 | 100 104  99 104 | exit long; funding=0.02
3 | 104 105 103 104 | funding=0.5
long entry 0 @ 100 exit 2 @ 104 signal r 0.092 size 10 carry 30.8
```
```bars
with fill=close borrow=0.36525
0 | 100 101  99 100 | short stop=110; days=5
1 | 100 101  99 100 | exit short; days=3
2 | 100 101  99 100 |
short entry 0 @ 100 exit 1 @ 100 signal r -0.03 size 10 carry 3
```
Nor does who leaves inside the bar; the stamps of the signal's bar came before the entry.
```bars
0 | 100 101  99 100 | long stop=95; funding=0.5
1 | 100 101  95  96 | funding=0.5
long entry 1 @ 100 exit 1 @ 95 stop r -1 size 10 carry 0
```
A gap is an exit at the open that comes after the stamps of the bar before; here they are received.
```bars
0 | 100 101  99 100 | long stop=95
1 | 100 101  99 100 | funding=-0.01
2 |  90  91  89  90 | funding=0.5
long entry 1 @ 100 exit 2 @ 90 stop r -1.8 size 10 carry -10
```
A short receives what a long pays, and pays for what it borrowed; a long has borrowed nothing.
```bars
with borrow=0.7305
0 | 100 101  99 100 | short stop=110
1 | 100 102  98 100 | funding=0.01
2 | 100 102  98 100 | exit short; funding=-0.03
3 | 100 105  99 104 |
short entry 1 @ 100 exit 3 @ 100 signal r -0.24 size 10 carry 24
```
```bars
with borrow=0.7305
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 |
2 | 100 102  98 100 |
long entry 1 @ 100 exit 2 @ 100 open r 0 size 10 carry 0
```
A weekend is borrowed over at Friday's close; the last bar is as long as a bar.
```bars
with borrow=0.36525
0 | 100 101  99 100 | short stop=110
1 | 100 102  98 101 | days=3
2 | 101 102  98 100 | exit short
3 |  99 105  99 104 |
short entry 1 @ 100 exit 3 @ 99 signal r 0.0597 size 10 carry 4.03
```
```bars
with borrow=0.36525
0 | 100 101  99 100 | short stop=110; days=2
1 | 100 102  98  99 |
short entry 1 @ 100 exit 1 @ 99 open r 0.0901 size 10 carry 0.99
```
Fees are beside it.
```bars
with fee=0.001 fraction=0.5
0 | 100 101  99 100 | long stop=90
1 | 100 101  99 100 | exit long; funding=0.01
2 | 100 101  99 100 | funding=0.5
long entry 1 @ 100 exit 2 @ 100 signal r -0.12 size 5 carry 5
```
It is paid before ruin is looked at: it may ruin, and it may save.
```bars
with leverage=2 fraction=2
0 | 100 101  99 100 | long stop=90
1 | 100 102  98 100 | exit long; funding=0.5
2 | 101 103  99 102 | long stop=90
refused 2 ruined
long entry 1 @ 100 exit 1 @ 100 ruined r -5 size 20 carry 1000
```
```bars
with leverage=5 fraction=5 stop=own
0 | 100 100 100 100 | long
1 | 100 100  79  79 | exit long; funding=-0.02
2 |  80  80  80  80 |
long entry 1 @ 100 exit 2 @ 80 signal r nan size 50 carry -79
```
What was paid is not there for the next size.
```bars
0 | 100 100 100 100 | long stop=90
1 | 100 100 100 100 | exit long; funding=0.1
2 | 100 100 100 100 | long stop=90
3 | 100 100 100 100 |
long entry 1 @ 100 exit 2 @ 100 signal r -1 size 10 carry 100
long entry 3 @ 100 exit 3 @ 100 open r 0 size 9 carry 0
```
A reversal: the close at which it is asked for is still the old side's.
```bars
with on_opposite=reverse
0 | 100 101  99 100 | long stop=90
1 | 100 101  99 100 | short stop=120; funding=0.01
2 | 100 101  99 100 | funding=0.02
3 | 100 101  99 100 |
long entry 1 @ 100 exit 2 @ 100 opposite r -0.1 size 10 carry 10
short entry 2 @ 100 exit 3 @ 100 open r 0.1 size 9.9 carry -19.8
```
```bars
with fill=close on_opposite=reverse
0 | 100 101  99 100 | long stop=90; funding=0.5
1 | 100 101  99 100 | short stop=120; funding=0.01
2 | 100 101  99 100 | funding=0.02
long entry 0 @ 100 exit 1 @ 100 opposite r -0.1 size 10 carry 10
short entry 1 @ 100 exit 2 @ 100 open r 0.1 size 9.9 carry -19.8
```
"""
