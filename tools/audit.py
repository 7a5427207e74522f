"""Look for known vulnerabilities in the packages a server runs, as requirements.lock names them.

Ends with 0 when none is known, and also when the advisories could not be had: that is said, but a machine without
a way to them can still run the other checks. Ends with 1 when there is one, or when the lock cannot be read.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

LOCK = Path(__file__).parents[1] / "requirements.lock"
_PATIENCE_SECONDS = 300
_NO_WAY_THERE = re.compile(r"ConnectionError|ProxyError|SSLError|Timeout|HTTPError|Could not connect|not redirecting")


class _Advisory(TypedDict):
    id: str
    fix_versions: list[str]


class _Package(TypedDict, total=False):
    name: str
    version: str
    skip_reason: str
    vulns: list[_Advisory]


def main() -> int:
    """Run pip-audit on the lock and say in a few lines what it found; the number is the exit code."""
    words = ["--disable-pip", "--require-hashes", "--progress-spinner=off", "--timeout=10", "--format=json"]
    command = [sys.executable, "-m", "pip_audit", *words, f"--requirement={LOCK}"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return _not_audited("no answer in time")
    if run.stdout.startswith("{"):
        packages: list[_Package] = json.loads(run.stdout)["dependencies"]
        return _report(packages)
    if _NO_WAY_THERE.search(run.stderr):
        return _not_audited("no connection to the advisories")
    print(run.stderr, file=sys.stderr)
    return 1


def _report(packages: list[_Package]) -> int:
    skipped = [package for package in packages if "skip_reason" in package]
    if len(skipped) == len(packages):
        return _not_audited("this package index has no advisories")
    found = [(package, advisory) for package in packages for advisory in package.get("vulns", [])]
    for package, advisory in found:
        fix = ", ".join(advisory["fix_versions"]) or "none yet"
        print(f"audit: {package.get('name')} {package.get('version')}: {advisory['id']} (fixed in: {fix})")
    print(f"audit: {len(packages)} packages, {len(skipped)} not known there, {len(found)} known vulnerabilities")
    return 1 if found else 0


def _not_audited(reason: str) -> int:
    print(f"audit: skipped, {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
