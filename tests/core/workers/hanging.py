"""A worker that begins, reads nothing and never answers."""

import signal
import sys

sys.stdout.write("ready\n")
sys.stdout.flush()
while True:
    signal.pause()
