"""A second implementation of the detectors in slow, plain Python, written from the definitions alone.

It shares no code with framework: no numba, no TA-Lib, no mirroring. The bearish side is written out,
so a framework that mirrors the bullish side is held to what the bearish side should be.
"""
