"""A worker that answers without end."""

import sys

sys.stdin.buffer.read()
sys.stdout.write("ready\nsize 160 120\n")
while True:
    sys.stdout.write("x" * 1000)
