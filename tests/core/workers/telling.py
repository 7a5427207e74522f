"""A worker that tells how many variables of its environment look like a secret."""

import os
import sys

sys.stdin.buffer.read()
secrets = sum("secret" in value for value in os.environ.values())
sys.stdout.write(f"ready\nsize {secrets} {secrets}\n")
