"""What all tests share."""

from hypothesis import settings

pytest_plugins = ["tests.simulated"]

# How fast a machine is says nothing about the code: speed belongs to the benchmarks.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
