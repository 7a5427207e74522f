"""Three figures that say how much one process can carry, each beside a simpler way in the same run.

python -m benchmarks [--size 500] [--rounds 3]
"""
