"""Figures that say how much one process can carry, each beside a simpler way or an empty database in the same run.

python -m benchmarks [--size 500] [--rounds 3] [--past 1000000] [--line 10000]
"""
