"""The commands that the README and CONTRIBUTING name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.packaging.project import ROOT


def test_make_alone_lists_every_command_with_a_line() -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    run = subprocess.run(["make", "--silent"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert targets is not None
    listed = [line.split()[1] for line in run.stdout.splitlines()]
    assert sorted(listed) == sorted(targets[1].split())


def test_the_audit_says_that_it_was_skipped_where_the_advisories_cannot_be_reached(tmp_path: Path) -> None:
    nowhere = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "", "PIP_CACHE_DIR": str(tmp_path)}

    run = subprocess.run(
        [sys.executable, "tools/audit.py"], cwd=ROOT, env=nowhere, capture_output=True, text=True, check=False
    )

    assert run.stdout == "audit: skipped, no connection to the advisories\n"
    assert run.returncode == 0
