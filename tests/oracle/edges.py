"""More tables in the manner of SEMANTICS.md, where two of its rules meet. All prices follow from its text alone."""

from __future__ import annotations

EDGES = """
An open at the very stop is beyond it, also where a size is to be made from the risk.
```bars
with risk=0.01 min_risk_atr=0
0 | 100 101  99 100 | long stop=100; long stop=100.5
1 | 100 101  99 100 | short stop=100
2 | 100 101  99 100 |
refused 0 beyond_stop
refused 0 beyond_stop
refused 1 beyond_stop
```
A buffer has nothing to move where there is no stop and none is needed.
```bars
with stop=own stop_buffer_atr=0.5
0-13 | 100 102  98 100 |
14   | 100 102  98 100 | long
15   | 100 102  98 101 |
long entry 15 @ 100 exit 15 @ 101 open r nan
```
Ruin comes before whatever else would end the trade at that close.
```bars
with fill=close time_stop=1 leverage=5 fraction=5 stop=own
0 | 100 101  99 100 | short
1 | 100 130  99 125 | long
2 | 100 101  99 100 |
short entry 0 @ 100 exit 1 @ 125 ruined r nan size 50
refused 1 ruined
```
Equity of exactly zero: nothing is left to reverse with, nor to go on with.
```bars
with stop=own on_opposite=reverse fraction=10 leverage=10
0 | 100 100 100 100 | long
1 | 100 100 100 100 | short
2 |  90  90  90  90 | short
3 |  90  90  90  90 | long
4 |  90  90  90  90 |
long entry 1 @ 100 exit 2 @ 90 opposite r nan size 100
refused 1 no_cash
refused 2 ruined
refused 3 ruined
```
The first that is not refused is taken.
```bars
0 | 100 101  99 100 | long stop=100; long stop=95 target=100; long stop=90; long stop=95
1 | 100 101  99 100 |
refused 0 beyond_stop
refused 0 beyond_target
refused 0 lapsed
long entry 1 @ 100 exit 1 @ 100 open r 0
```
On the last bar a reversal has no open, neither to close nor to enter; what is not a reversal is opposite as ever.
```bars
with on_opposite=reverse
0 | 100 101  99 100 | long stop=95
1 | 100 101  99 100 | short stop=105
refused 1 no_bar
long entry 1 @ 100 exit 1 @ 100 open r 0
```
```bars
0 | 100 101  99 100 | long stop=95
1 | 100 101  99 100 | short stop=105
refused 1 opposite
long entry 1 @ 100 exit 1 @ 100 open r 0
```
A close can be traded on the last bar too.
```bars
with fill=close on_opposite=reverse
0 | 100 101  99 100 | long stop=95
1 | 100 104  96 102 | short stop=110
long entry 0 @ 100 exit 1 @ 102 opposite r 0.4
short entry 1 @ 102 exit 1 @ 102 open r 0
```
The signal names the exit before the time stop does, and that before the opposite entry.
```bars
with time_stop=1
0 | 100 101  99 100 | long stop=95
1 | 100 101  99 100 | exit long; short stop=105
2 | 101 102 100 101 | long stop=95
3 | 101 102 100 101 | short stop=105
4 | 102 103 101 102 |
refused 1 opposite
refused 3 opposite
long entry 1 @ 100 exit 2 @ 101 signal r 0.2
long entry 3 @ 101 exit 4 @ 102 time r 0.16666666666666666
```
An entry's own target comes before the one in R; slippage makes a short's stop dearer.
```bars
with target_r=1 slippage=0.01
0 | 100 101  99 100 | short stop=109 target=80
1 | 100 101  85 100 |
2 | 100 110  99 100 |
short entry 1 @ 99 exit 2 @ 110.09 stop r -1.109
```
"""
