"""Build the image on Debian without an engine: `python tools/image.py FOLDER`, as root, with buildah and mmdebstrap.

A base made by mmdebstrap from this machine's own package sources stands in for the official Python image that the
Dockerfile names; buildah then builds the Dockerfile unchanged. Prints one JSON object: the mounted root of a
container and the image's configuration.
"""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TAG = "localhost/veo-discord-bot"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_PACKAGES = "python3,python3-venv,ca-certificates"
_LINK = 'ln -s /usr/bin/python3 "$1/usr/local/bin/python"'
# What pip needs to reach the package index of this machine; file paths would lead nowhere inside the build.
_PIP_KEYS = frozenset({"cert", "index-url", "extra-index-url", "proxy", "trusted-host", "default-timeout"})


class Builder:
    """Works in one folder: the base, buildah's own storage, and the packages' configuration."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buildah = ["buildah", "--root", f"{folder}/storage", "--runroot", f"{folder}/run"]
        self._buildah += ["--storage-driver", "vfs"]

    def build(self) -> dict[str, Any]:
        """Make the base and the image, and mount a container of it."""
        self._make_base()
        mounts = {self._pip_configuration(): "/etc/pip.conf", _CERTIFICATES: str(_CERTIFICATES)}
        volumes = [f"--volume={source}:{target}:ro" for source, target in mounts.items()]
        options = ["--isolation=chroot", "--pull=never", "--format=docker", "--layers=false", *volumes]
        self._run("build", *options, f"--tag={TAG}", str(ROOT))
        container = self._run("from", "--pull=never", TAG)
        described = json.loads(self._run("inspect", "--type=image", TAG))
        return {"root": self._run("mount", container), "config": described["Docker"]["config"]}

    def _make_base(self) -> None:
        archive = self._folder / "base.tar"
        command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={_PACKAGES}"]
        command += [f"--customize-hook={_LINK}", "--aptopt=Acquire::Check-Valid-Until false"]
        _output([*command, _code_name(), str(archive), *_package_sources()])
        container = self._run("from", "scratch")
        self._run("add", "--quiet", container, str(archive), "/")
        for name in _base_names():
            self._run("commit", "--quiet", container, f"localhost/{name}")
        self._run("rm", container)
        archive.unlink()

    def _pip_configuration(self) -> Path:
        """This machine's way to the package index, as a file that pip reads inside the build."""
        known: dict[str, str] = {}
        for line in _output([sys.executable, "-m", "pip", "config", "list"]).splitlines():
            if (found := re.fullmatch(r"(?:global|:env:)\.([a-z-]+)='(.*)'", line)) and found[1] in _PIP_KEYS:
                known[found[1]] = " ".join(part for part in found[2].split() if not part.startswith("file:"))
        written = configparser.RawConfigParser()
        written["global"] = {name: value for name, value in known.items() if value}
        path = self._folder / "pip.conf"
        with path.open("w", encoding="utf-8") as file:
            written.write(file)
        return path

    def _run(self, *words: str) -> str:
        return _output([*self._buildah, *words])


def _output(command: list[str]) -> str:
    """What a program printed; its errors go to ours, and end this one."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _code_name() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit("image: this system has no code name in /etc/os-release; Debian and Ubuntu have one")
    return found[1]


def _package_sources() -> list[str]:
    """The files that name this machine's package sources."""
    folder = Path("/etc/apt")
    candidates = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.sources"))]
    return [str(path) for path in candidates if path.is_file() and "deb" in path.read_text(encoding="utf-8")]


def _base_names() -> set[str]:
    """The images that the Dockerfile begins with."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return set(re.findall(r"^FROM (\S+:\S+)", text, re.MULTILINE))


def main() -> int:
    """Build in the folder that is named, or in a new temporary one."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="veo-image-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps(Builder(folder).build()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
