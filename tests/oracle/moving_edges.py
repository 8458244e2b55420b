"""Tables of stops that move, stops and targets that are looked up, ticks, lots and volume, where rules meet."""

from __future__ import annotations

MOVING = """
A swing further away than the stop moves nothing, be it by the buffer: what is hit is no moved stop.
```bars
with swing_width=2 trail=true
0 | 100 101  99 100 |
1 |  99 100  98  99 |
2 |  97  98  94  97 |
3 |  98 100  97 100 | long stop=96
4 | 100 101  97  99 |
5 | 100 101  96  99 |
long entry 4 @ 100 exit 5 @ 96 stop r -1
```
```bars
with swing_width=1 trail=true stop_buffer_atr=0.25
0-13 | 100 102  98 100 |
14   | 100 102  98 100 | long stop=98
15   | 100 102  98 100 |
16   | 100 102  97.5 100 |
17   | 100 102  98 100 |
18   | 100 102  96.5 97 |
long entry 15 @ 100 exit 18 @ 97 stop r -1
```
For a short the high of bar 16 is confirmed at 17; the buffer is half of ATR there, which is 4.
```bars
with swing_width=1 trail=true stop_buffer_atr=0.5
0-13 | 100 102  98 100 |
14   | 100 102  98 100 | short stop=110
15   |  99 101  97  99 |
16   | 100 102  98 100 |
17   |  99 101  97  99 |
18   |  99 104  98 100 |
19   | 100 101  98 100 |
short entry 15 @ 99 exit 18 @ 104 trail r -0.38461538461538464
```
A swing that the signal's own close confirms was known at the entry, and is not trailed to; that of the next close is.
```bars
with swing_width=1 trail=true fill=close
0 | 100 101  99 100 |
1 |  98  99  97  98 |
2 |  99 101  98 100 | long stop=90
3 | 100 101  97.5 99 |
4 |  99 100  96 99 |
5 |  99 102  98 101 |
6 | 101 102  95 101 |
long entry 2 @ 100 exit 6 @ 96 trail r -0.4
```
A swing older than the entry but confirmed after the signal counts.
```bars
with swing_width=1 trail=true
0 | 100 101  99 100 |
1 |  98  99  97  98 | long stop=90
2 |  99 101  98 100 |
3 | 100 101  97  99 |
long entry 2 @ 99 exit 3 @ 97 trail r -0.2222222222222222
```
The stop moves at the close: an open beyond it is the price, one that both it and the target lie in stays ambiguous.
```bars
with swing_width=1 trail=true
0 | 100 101  99 100 | long stop=90 target=120
1 | 100 102  98 101 |
2 |  99 103  97 102 |
3 | 102 105 101 104 |
4 |  96 121  95 104 |
long entry 1 @ 100 exit 4 @ 96 trail r -0.4
```
```bars
with swing_width=1 trail=true
0 | 100 101  99 100 | long stop=90 target=120
1 | 100 102  98 101 |
2 |  99 103  97 102 |
3 | 102 105 101 104 |
4 | 102 121  95 104 |
long entry 1 @ 100 exit 4 @ 97 trail r -0.3 ambiguous
```
A stop that is at the fill although the price has fallen back through it: the next open is the exit's.
```bars
with break_even_r=1
0 | 100 101  99 100 | long stop=95
1 | 100 105  97  98 |
2 |  98 106  97 101 |
long entry 1 @ 100 exit 2 @ 98 trail r -0.4
```
Short of k risks nothing moves; for a short the lows count; a fill after slippage is what the risk and the stop go by.
```bars
with break_even_r=2 slippage=0.01
0 | 100 101  99 100 | short stop=103
1 | 100 101  91.5 95 |
2 |  95 100  92 99 |
3 |  99 100.5 91 99 |
4 |  99 99 98 99 |
short entry 1 @ 99 exit 4 @ 99.99 trail r -0.2475
```
The bar of an entry at its close is not lived through: its high is no way gone.
```bars
with break_even_r=1 fill=close
0 | 100 110  99 100 | long stop=95
1 | 100 104  99 101 |
2 | 101 103  99 100 |
3 | 101 105 101 101 |
4 | 101 102 100 101 |
long entry 0 @ 100 exit 4 @ 100 trail r 0
```
What has no stop has none to move.
```bars
with break_even_r=1 trail=true swing_width=1 stop=own
0 | 100 101  99 100 | long
1 | 100 102  98 101 |
2 | 101 110  97 102 |
3 | 102 110 101 104 |
4 | 104 110  90 100 |
long entry 1 @ 100 exit 4 @ 100 open r nan
```
A stop by ATR: none without one, no buffer with one, the entry's own is not looked at, not even when it is beyond.
```bars
with stop=atr stop_buffer_atr=0.5
0-12 | 100 102  98 100 |
13   | 100 102  98 100 | short stop=99
14   | 100 104  98 100 |
15   | 100 108  98 100 |
short entry 14 @ 100 exit 15 @ 108 stop r -1
```
```bars
with stop=atr
0-11 | 100 102  98 100 |
12   | 100 102  98 100 | long stop=90
13   | 100 102  98 100 |
refused 12 no_stop
```
An entry's own target comes before the swing, the swing before R; the mirror for a short.
```bars
with swing_width=1 target_swing=true target_r=4
0 | 100 101  99 100 |
1 | 100 101  94 100 |
2 | 100 103  97 100 | short stop=105
3 | 100 101  94 100 | short stop=105 target=90
4 | 100 101  96 100 |
5 |  93 101  89  93 | short stop=95
6 |  93  94  85  90 |
short entry 3 @ 100 exit 3 @ 94 target r 1.2
short entry 4 @ 100 exit 5 @ 90 target r 2
short entry 6 @ 93 exit 6 @ 85 target r 4
```
"""

EXCHANGE = """
A stop and a target go away from the entry to their tick, what is a millionth off one is on it.
```bars
with tick=0.5
0 | 100 101  99 100 | long stop=95.2 target=110.2
1 | 100 110.4 95.1 101 |
2 | 100 110.5 95.1 101 |
long entry 1 @ 100 exit 2 @ 110.5 target r 2.1
```
```bars
with tick=0.5 min_risk_atr=0
0 | 100 101  99 100 | short stop=102.00000001 target=94.99999999
1 | 100 101.5 99 101 |
2 | 101 102  96 101 | short stop=104.2 target=97.9
3 | 100 104  98 99 |
4 | 100 104  97.5 99 |
short entry 1 @ 100 exit 2 @ 102 stop r -1
short entry 3 @ 100 exit 4 @ 97.5 target r 0.5555555555555556
```
Fills go to the worse side, a target in R away from it, the stop of a trade that lives away from its price.
```bars
with tick=0.5 target_r=1.1
0 | 100 101  99 100 | long stop=95
1 | 100 105.5 99 101 |
2 | 101 106  99 101 |
long entry 1 @ 100 exit 1 @ 105.5 target r 1.1
```
```bars
with tick=0.5 target_r=1.05 slippage=0.001
0 | 100 101  99 100 | short stop=105
1 | 100 101  94 101 |
2 | 101 102  93.5 101 |
short entry 1 @ 99.5 exit 2 @ 94 target r 1
```
```bars
with tick=2 trail=true swing_width=1
0 | 100 102 100 100 | long stop=90
1 | 100 104  99 102 |
2 | 100 104  97 102 |
3 | 102 106 102 104 |
4 | 104 106  96 102 |
long entry 1 @ 100 exit 4 @ 96 trail r -0.4
```
What is open at the end is marked at the close as it is.
```bars
with tick=0.5 slippage=0.001
0 | 100 101  99 100 | long stop=95.5
1 | 100 101  99 100.3 |
long entry 1 @ 100.5 exit 1 @ 100.3 open r -0.04
```
Ten lots of a tenth are one; the smallest may be traded, and nothing under it.
```bars
with lot=0.1 smallest=10
0 | 100 101  99 100 | long stop=95
1 | 100 101  99 100 | exit long
2 | 100 101  99 100 | long stop=95
3 | 101 101  99 100 |
refused 2 too_small
long entry 1 @ 100 exit 2 @ 100 signal r 0 size 10
```
```bars
with lot=3 risk=0.05
0 | 100 101  99 100 | short stop=107
1 | 100 101  99 100 |
short entry 1 @ 100 exit 1 @ 100 open r 0 size 6
```
The volume is that of the bar of the fill; one unknown or nothing refuses, and before the size is looked at.
```bars
with volume_share=0.1 smallest=5
0 | 100 101  99 100  10 | long stop=95
1 | 100 101  99 100  70 | exit long
2 | 100 101  99 100  70 | long stop=95
3 | 100 101  99 100 nan | long stop=95
4 | 100 101  99 100  49 | long stop=95
5 | 100 101  99 100 500 | exit long
6 | 100 101  99 100  70 | short stop=105
7 | 100 101  99 100   0 |
refused 2 no_volume
refused 3 too_small
refused 6 no_volume
long entry 1 @ 100 exit 2 @ 100 signal r 0 size 7
long entry 5 @ 100 exit 6 @ 100 signal r 0 size 10
```
```bars
with volume_share=0.1 smallest=5 fill=close
0 | 100 101  99 100 nan | long stop=95
1 | 100 101  99 100  70 | long stop=95
2 | 100 101  99 100 nan | exit long
refused 0 no_volume
long entry 1 @ 100 exit 2 @ 100 signal r 0 size 7
```
"""
