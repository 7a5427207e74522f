"""A second opinion on the bot's bodies: Discord's OpenAPI description, where a copy of it is at hand."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .jsons import Json

DEFAULT = Path(__file__).parents[3] / "shared" / "discord_openapi.json"
PARAMETER = re.compile(r"\{[^}]*\}")


def schema_errors(method: str, route: str, body: object) -> list[str]:
    """Return what the description has against a body; empty where there is no description or no body."""
    if body is None:
        return []
    validator = _validator(method.lower(), PARAMETER.sub("{}", route))
    return [] if validator is None else [f"{one.json_path}: {one.message}"[:500] for one in validator.iter_errors(body)]


@cache
def _validator(method: str, route: str) -> Any:
    spec = _description()
    if spec is None:
        return None
    content: Json = spec["routes"].get(route, {}).get(method, {}).get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    schema = {**content["application/json"]["schema"], "components": spec["components"]}
    return importlib.import_module("jsonschema").Draft202012Validator(schema)


@cache
def _description() -> Json | None:
    """Return the description named by DISCORD_OPENAPI, or the one beside the repository."""
    path = Path(os.environ.get("DISCORD_OPENAPI", DEFAULT))
    if not path.is_file() or importlib.util.find_spec("jsonschema") is None:
        return None
    spec: Json = json.loads(path.read_text(encoding="utf-8"))
    routes = {PARAMETER.sub("{}", route): operations for route, operations in spec["paths"].items()}
    spec["components"]["schemas"]["SnowflakeType"] = {"type": ["string", "integer"]}  # Discord takes both
    return {"routes": routes, "components": spec["components"]}
