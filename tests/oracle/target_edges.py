"""Tables of targets from a measured move and from a pattern's height. All prices follow from SEMANTICS.md alone."""

from __future__ import annotations

TARGETS = """
A short's measured move: A is the high of bar 1, B the low of bar 3; 104 - 1.5 x 8.
```bars
with swing_width=1 target_extension=1.5
0 |  99 100  98  99 |
1 | 102 104 101 103 |
2 | 101 102  99 100 |
3 |  99 100  96  97 |
4 |  98  99  97  98 | short stop=101
5 |  98  99  97  97 |
6 |  96  97  91  92 |
short entry 5 @ 98 exit 6 @ 92 target r 2
```
B must be known at the signal; without it there is no target.
```bars
with swing_width=1 target_extension=1.5
0 | 101 102 100 101 |
1 |  98  99  96  97 |
2 |  99 101  98 100 |
3 | 101 104 100 103 | long stop=99
4 | 102 103 101 102 |
5 | 102 103 101 103 |
6 | 104 109 103 108 |
long entry 4 @ 102 exit 6 @ 108 open r 2
```
A is the latest low before B, not the newer one of bar 4 (which would say 107.5).
```bars
with swing_width=1 target_extension=1.5
0 | 101 102 100 101 |
1 |  98  99  96  97 |
2 |  99 101  98 100 |
3 | 101 104 100 103 |
4 | 101 102  97 101 |
5 | 101 103  98 102 | long stop=95
6 | 102 103 101 103 |
7 | 103 109 102 104 |
long entry 6 @ 102 exit 7 @ 108 target r 0.8571428571428571
```
Nor is it that of B's own bar: 97 + 2 x 7.
```bars
with swing_width=1 target_extension=2
0 | 100 101  99 100 |
1 |  99 100  97  99 |
2 |  99 101  98 100 |
3 | 100 104  95 100 |
4 | 100 102  99 101 | long stop=94
5 | 101 102 100 101 |
6 | 101 112 100 111 |
long entry 5 @ 101 exit 6 @ 111 target r 1.4285714285714286
```
A high that is no higher than the low before it is no move: the next in the row is aimed at.
```bars
with swing_width=1 target_extension=1 target_r=2
0 | 106 107 105 106 |
1 | 104 105 103 104 |
2 | 105 106 104 105 |
3 |  99 100  98  99 |
4 | 100 103  97 100 |
5 |  99 101  98 100 | long stop=96
6 | 100 107  99 100 |
7 | 100 108  99 100 |
long entry 6 @ 100 exit 7 @ 108 target r 2
```
So it is where A is missing, and where there is no height.
```bars
with swing_width=1 target_extension=1 target_height=0.5 target_r=0.5
0 | 100 101  99 100 |
1 | 100 103  99 100 |
2 | 100 101  98 100 | long stop=95 height=10
3 | 100 104  99 100 |
4 | 100 106  99 100 |
long entry 3 @ 100 exit 4 @ 105 target r 1
```
```bars
with target_height=2 target_r=1
0 | 100 101  99 100 | long stop=95
1 | 100 105  99 101 |
long entry 1 @ 100 exit 1 @ 105 target r 1
```
Its own target, a swing, the measured move, the height: each where the one before it is not there.
```bars
with swing_width=1 target_swing=true target_extension=2 target_height=1
0 | 100 101  99 100 |
1 |  99 100  97  99 |
2 |  99 101  98 100 |
3 | 100 104  95 100 |
4 | 100 102  99 101 | long stop=94 height=1
5 | 101 102 100 101 |
6 | 101 112 100 111 |
long entry 5 @ 101 exit 6 @ 104 target r 0.42857142857142855
```
```bars
with swing_width=1 target_swing=true target_extension=2 target_height=1
0 | 100 101  99 100 |
1 |  99 100  97  99 |
2 |  99 101  98 100 |
3 | 100 104  95 100 |
4 | 100 102  99 101 | long stop=94 height=5
5 | 105 106 104 105 |
6 | 105 112 104 111 |
long entry 5 @ 105 exit 6 @ 111 target r 0.5454545454545454
```
```bars
with swing_width=1 target_swing=true target_extension=2 target_height=1
0 | 100 101  99 100 |
1 |  99 100  97  99 |
2 |  99 101  98 100 |
3 | 100 104  95 100 |
4 | 100 102  99 101 | long stop=94 target=103 height=1
5 | 101 102 100 101 |
6 | 101 112 100 111 |
long entry 5 @ 101 exit 6 @ 103 target r 0.2857142857142857
```
An open at one is beyond it; no other is aimed at then.
```bars
with swing_width=1 target_extension=1 target_height=3 target_r=1
0 | 101 102 100 101 |
1 |  98  99  96  97 |
2 |  99 101  98 100 |
3 | 101 104 100 103 |
4 | 102 103 101 102 | long stop=99 height=9
5 | 104 105 103 104 |
refused 4 beyond_target
```
```bars
with target_height=1 target_r=1
0 | 100 101  99 100 | short stop=105 height=4
1 |  96  97  95  96 | short stop=105 height=0.5
2 |  95 100  94  95 |
refused 0 beyond_target
refused 1 beyond_target
```
The height is measured from the signal's close, whatever the fill.
```bars
with target_height=1 slippage=0.01
0 | 100 101  99 100 | short stop=109 height=10
1 |  98  99  97  98 |
2 |  95  96  90  91 |
short entry 1 @ 97.02 exit 2 @ 90.9 target r 0.5108514190317195
```
```bars
with target_height=1 fill=close
0 | 100 106  99 100 | long stop=95 height=5
1 | 100 105  99 100 |
long entry 0 @ 100 exit 1 @ 105 target r 1
```
Both keep to the tick, away from the entry.
```bars
with target_height=1 tick=0.5
0 | 100 101  99 100 | long stop=95 height=4.3
1 | 100 104.4 99 100 |
2 | 100 104.5 99 100 |
long entry 1 @ 100 exit 2 @ 104.5 target r 0.9
```
```bars
with swing_width=1 target_extension=1.5 tick=5
0 | 105 110 100 105 |
1 | 115 120 110 115 |
2 | 105 115 100 105 |
3 | 100 105  95 100 |
4 | 105 110 100 105 | short stop=115
5 | 105 110  85 100 |
6 | 100 105  80  95 |
short entry 5 @ 105 exit 6 @ 80 target r 2.5
```
A short's target may lie where no price can be.
```bars
with target_height=2
0 | 100 101  99 100 | short stop=105 height=60
1 | 100 101   1 100 |
short entry 1 @ 100 exit 1 @ 100 open r 0
```
"""
