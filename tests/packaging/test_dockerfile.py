"""The image needs no privilege, writes where it may, stops when asked, and holds what the bot needs."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import PurePosixPath
from threading import Thread

import pytest

from tests.packaging.project import PRODUCT, ROOT, imported_packages, sources

Stage = list[tuple[str, str]]


def _stages() -> list[Stage]:
    """The Dockerfile's instructions with their words, one list for every FROM."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    stages: list[Stage] = []
    for line in text.replace("\\\n", " ").splitlines():
        name, _, words = line.strip().partition(" ")
        if name == "FROM":
            stages.append([])
        if name:
            stages[-1].append((name, " ".join(words.split()) if name != "HEALTHCHECK" else words.strip()))
    return stages


def _words(name: str) -> list[str]:
    """What the last stage says after this instruction, in order."""
    return [words for instruction, words in _stages()[-1] if instruction == name]


def _environment() -> dict[str, str]:
    pairs = [pair.partition("=") for words in _words("ENV") for pair in words.split()]
    return {name: value for name, _, value in pairs}


def _copied() -> set[str]:
    """What comes from the checkout into the last stage."""
    return {name for words in _words("COPY") if not words.startswith("--") for name in words.split()[:-1]}


def test_packages_are_installed_in_a_stage_of_their_own_from_the_lock_with_hashes() -> None:
    packages, _ = _stages()

    installs = [words for name, words in packages if name == "RUN" and "pip install" in words]

    assert len(installs) == 1
    assert "--require-hashes --requirement requirements.lock" in installs[0]
    assert not any("pip" in words for words in _words("RUN"))
    assert any(words.startswith("--from=packages ") for words in _words("COPY"))


def test_it_runs_as_a_user_with_a_fixed_number_who_is_not_root() -> None:
    users = _words("USER")

    assert len(users) == 1
    user, group = users[0].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert f"useradd --uid {user} --gid {group}" in _words("RUN")[0]


def test_only_the_volume_is_written_and_the_database_is_in_it() -> None:
    database = PurePosixPath(_environment()["VEOBOT_STORAGE__PATH"])

    assert _words("VOLUME") == ["/data"]
    assert database == PurePosixPath("/data/veobot.sqlite3")
    assert _environment()["PYTHONDONTWRITEBYTECODE"] == "1"
    owner = _words("USER")[0].split(":")[0]
    assert re.search(rf"install --directory --owner={owner} .*/data", _words("RUN")[0])


def test_a_stop_is_the_signal_that_ctrl_c_sends() -> None:
    assert _words("STOPSIGNAL") == ["SIGINT"]


def test_the_program_is_the_first_process_and_runs_by_omission() -> None:
    assert [json.loads(words) for words in _words("ENTRYPOINT")] == [["python", "bot.py"]]
    assert [json.loads(words) for words in _words("CMD")] == [["run"]]


def test_the_server_is_reached_from_outside_the_container() -> None:
    assert _environment()["VEOBOT_SERVER__HOST"] == "0.0.0.0"
    assert _words("EXPOSE") == [_environment()["VEOBOT_SERVER__PORT"]]


def test_the_image_holds_everything_the_product_imports() -> None:
    ours = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.is_dir() or path.suffix == ".py"}
    nodes = (node for file in sources(*PRODUCT) for node in ast.walk(ast.parse(file.read_bytes())))

    needed = imported_packages(nodes) & ours - {"sandbox"}  # the demo is no server's business

    assert needed
    assert needed <= {name.removesuffix(".py") for name in _copied()}


def test_everything_else_is_kept_out_of_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}

    assert rules[0] == "*"
    assert let_in == _copied() | {"requirements.lock"}


class _Health(BaseHTTPRequestHandler):
    """Answers /readyz with the server's `answer`, and nothing else."""

    answer = HTTPStatus.OK

    def do_GET(self) -> None:
        self.send_response(self.answer if self.path == "/readyz" else HTTPStatus.NOT_FOUND)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the tests' output to the tests."""


@contextmanager
def _server(answer: HTTPStatus) -> Generator[int]:
    handler = type("Health", (_Health,), {"answer": answer})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        runner = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        runner.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            runner.join()


def _health_check(port: int) -> int:
    """Run the image's own health check against this port; its exit code."""
    _, _, words = _words("HEALTHCHECK")[0].partition("CMD ")
    program, *arguments = json.loads(words)
    assert program == "python"
    surroundings = {**os.environ, "VEOBOT_SERVER__PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    run = subprocess.run([sys.executable, *arguments], env=surroundings, capture_output=True, check=False)
    return run.returncode


@pytest.mark.parametrize(
    ("answer", "healthy"), [(HTTPStatus.OK, True), (HTTPStatus.SERVICE_UNAVAILABLE, False)], ids=["ok", "unavailable"]
)
def test_the_health_check_passes_on_what_the_bot_says_of_itself(answer: HTTPStatus, healthy: bool) -> None:
    with _server(answer) as port:
        assert (_health_check(port) == 0) is healthy


def test_the_health_check_fails_when_nobody_listens() -> None:
    with _server(HTTPStatus.OK) as port:
        pass

    assert _health_check(port) != 0
