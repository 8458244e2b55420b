"""Tables of finer bars, where their rule meets others. All prices follow from the text of SEMANTICS.md alone."""

from __future__ import annotations

FINER = """
What a bar alone decides, its finer bars are not asked, not even where they say otherwise.
```bars
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 101 105  94 100 |
^ 2 | 101 115 100 112
long entry 1 @ 100 exit 2 @ 95 stop r -1
```
```bars
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 112 113  90  91 |
^ 2 |  94 113  90  91
long entry 1 @ 100 exit 2 @ 112 target r 2.4
```
Finer bars of other bars say nothing about this one; finer bars that touch neither say nothing at all.
```bars
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 101 111  94 100 |
3 | 100 111  94 100 |
^ 1 | 100 111 100 102
^ 3 | 100 111 100 111
long entry 1 @ 100 exit 2 @ 95 stop r -1 ambiguous
```
```bars
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 101 111  94 100 |
^ 2 | 101 105 100 104
^ 2 | 104 109  96 100
long entry 1 @ 100 exit 2 @ 95 stop r -1 ambiguous
```
```bars
with inside_bar=optimistic
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 101 111  94 100 |
^ 2 | 101 105 100 104
^ 2 | 104 109  96 100
long entry 1 @ 100 exit 2 @ 110 target r 2 ambiguous
```
What they decide is no longer a matter of hope; the first that touches decides, and touching is enough.
```bars
with inside_bar=optimistic
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 101 111  94 100 |
^ 2 | 101 102  95  96
^ 2 |  96 111  96 100
long entry 1 @ 100 exit 2 @ 95 stop r -1
```
One that holds both and comes first ends the asking.
```bars
with inside_bar=optimistic
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 101 111  94 100 |
^ 2 | 101 111  94 100
^ 2 | 100 100  94  94
long entry 1 @ 100 exit 2 @ 110 target r 2 ambiguous
```
Its open comes before its low and high, and is not the price.
```bars
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 101 111  94 100 |
^ 2 | 101 105 100 104
^ 2 | 111 111  94 100
long entry 1 @ 100 exit 2 @ 110 target r 2
```
```bars
with inside_bar=optimistic
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 102  98 101 |
2 | 101 111  94 100 |
^ 2 | 101 105 100 104
^ 2 |  94 111  94 100
long entry 1 @ 100 exit 2 @ 95 stop r -1
```
Slippage comes on top, for a short too.
```bars
with slippage=0.01
0 | 100 101  99 100 | short stop=111 target=91
1 | 100 102  98 101 |
2 | 101 112  90 100 |
^ 2 | 101 101  92  92
^ 2 |  90 112  90 100
short entry 1 @ 99 exit 2 @ 91.91 target r 0.5908333333333333
```
The bar of entry has them too. Its own open is the fill and decides nothing; a finer one that disagrees with it does.
```bars
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 111  94 100 |
^ 1 | 100 110  99 110
^ 1 | 110 111  94 100
long entry 1 @ 100 exit 1 @ 110 target r 2
```
```bars
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 111  94 100 |
^ 1 |  94 111  94 100
long entry 1 @ 100 exit 1 @ 95 stop r -1
```
Not the bar of an entry at its close.
```bars
with fill=close
0 | 100 111  94 100 | long stop=95 target=110
1 | 100 111  94 100 |
^ 0 | 100 100  94  94
^ 1 | 100 111 100 110
^ 1 | 110 110  94 100
long entry 0 @ 100 exit 1 @ 110 target r 2
```
A target in R is asked for like any other.
```bars
with target_r=2
0 | 100 101  99 100 | short stop=105
1 | 100 106  89 100 |
^ 1 | 100 103  91  92
^ 1 |  92  92  90  91
short entry 1 @ 100 exit 1 @ 90 target r 2
```
A moved stop is the one they are asked for.
```bars
with swing_width=1 trail=true
0 | 100 101  99 100 | long stop=90 target=120
1 | 100 102  98 101 |
2 |  99 103  97 102 |
3 | 102 105 101 104 |
4 | 102 121  95 104 |
^ 4 | 102 103  97  98
^ 4 |  98 121  98 104
long entry 1 @ 100 exit 4 @ 97 trail r -0.3
```
```bars
with swing_width=1 trail=true
0 | 100 101  99 100 | long stop=90 target=120
1 | 100 102  98 101 |
2 |  99 103  97 102 |
3 | 102 105 101 104 |
4 | 102 121  95 104 |
^ 4 | 102 121 102 121
^ 4 | 121 121  95 104
long entry 1 @ 100 exit 4 @ 120 target r 2
```
They do not move it: it moves at a close, whatever they say came first.
```bars
with break_even_r=1
0 | 100 101  99 100 | long stop=95 target=110
1 | 100 105  98 104 |
2 | 104 106 101 101 |
^ 1 | 100 105 100 105
^ 1 | 105 105  98 104
long entry 1 @ 100 exit 2 @ 101 open r 0.2
```
"""
