"""The stand-in's requests and answers agree with the provider's published schema, where a copy of it is at hand.

The copy is looked for in `VEO_OPENAPI` (a path), then beside the repository in `shared/veo_openapi.json`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from sandbox.veo import Route, Shape, error_answer
from sandbox.veo.contract import ACTIONS, ERRORS, MODELS, RATIOS, RESOLUTIONS, SERVER_DEFAULT_MODEL
from tests.sandbox.caller import IMAGE, TEXT, Caller

Schema: TypeAlias = "Mapping[str, Any]"
BESIDE = Path(__file__).parents[2].parent / "shared" / "veo_openapi.json"
PYTHON_TYPES: Mapping[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}


def problems(value: Any, schema: Schema, where: str = "$") -> Iterator[str]:
    """Name every disagreement, for the few words of JSON Schema that the published file uses."""
    expected = PYTHON_TYPES.get(schema.get("type", ""))
    if expected is not None and not isinstance(value, expected):
        yield f"{where} is no {schema['type']}"
        return
    if value not in schema.get("enum", [value]):
        yield f"{where}: {value!r} is not in {schema['enum']}"
    if schema.get("type") == "object":
        yield from (f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value)
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from problems(value[name], inner, f"{where}.{name}")
    if schema.get("type") == "array":
        for item in value:
            yield from problems(item, schema.get("items", {}), f"{where}[]")


@pytest.fixture(scope="module")
def operation() -> Schema:
    path = Path(os.environ.get("VEO_OPENAPI", BESIDE))
    if not path.is_file():
        pytest.skip("no copy of the published schema: set VEO_OPENAPI to its path")
    return json.loads(path.read_text("utf-8"))["paths"]["/veo/videos"]["post"]


@pytest.fixture
def request_schema(operation: Schema) -> Schema:
    return operation["requestBody"]["content"]["application/json"]["schema"]


def answer_schema(operation: Schema, status: int) -> Schema:
    return operation["responses"][str(status)]["content"]["application/json"]["schema"]


def test_the_published_request_fields_are_all_known(request_schema: Schema) -> None:
    known = {*TEXT, *IMAGE, "video_id", "resolution", "translation", "aspect_ratio", "callback_url"}

    assert set(request_schema["properties"]) == known


def test_the_published_values_are_the_stand_ins_own(request_schema: Schema) -> None:
    values = {name: set(inner["enum"]) for name, inner in request_schema["properties"].items() if "enum" in inner}

    assert values == {
        "model": set(MODELS) - {"veo2", "veo2-fast"},
        "action": set(ACTIONS),
        "resolution": set(RESOLUTIONS),
        "aspect_ratio": set(RATIOS),
    }
    assert SERVER_DEFAULT_MODEL in values["model"]


@pytest.mark.parametrize("body", [TEXT, IMAGE, {**TEXT, "model": None}, {"prompt": "x"}, {**TEXT, "image_urls": [1]}])
async def test_what_the_schema_refuses_the_stand_in_refuses_too(
    request_schema: Schema, caller: Caller, body: dict[str, object]
) -> None:
    reply = await caller.post("/veo/videos", body)

    assert (reply.status == 200) == (not list(problems(body, request_schema)))


async def test_the_published_example_is_accepted(operation: Schema, caller: Caller) -> None:
    example = operation["requestBody"]["content"]["application/json"]["example"]

    reply = await caller.post("/veo/videos", {**example, "async": True})

    assert reply.status == 200
    assert next(iter(caller.veo.tasks.values())).payload["prompt"] == example["prompt"]


async def test_a_finished_answer_matches_when_data_is_an_object(operation: Schema, caller: Caller) -> None:
    caller.veo.switches.delay = 0
    caller.veo.switches.shape = Shape(data_as_object=True)

    reply = await caller.submit(**{"async": None})

    assert list(problems(reply.json, answer_schema(operation, 200))) == []


async def test_a_finished_answer_in_the_examples_shape_differs_in_data_only(operation: Schema, caller: Caller) -> None:
    caller.veo.switches.delay = 0

    reply = await caller.submit(**{"async": None})

    assert list(problems(reply.json, answer_schema(operation, 200))) == ["$.data is no object"]


async def test_every_published_error_is_one_the_stand_in_can_answer(operation: Schema, caller: Caller) -> None:
    for status in (status for status in operation["responses"] if status != "200"):
        for variant in answer_schema(operation, int(status))["oneOf"]:
            error = variant["example"]["error"]
            answer = error_answer(error["code"], message=error["message"]).with_status(int(status))
            caller.veo.faults.add(Route.VIDEOS, answer)
            reply = await caller.submit()

            assert (reply.status, reply.json) == (int(status), variant["example"])


def test_the_codes_beyond_the_published_ones_are_known_by_name(operation: Schema) -> None:
    published = {
        variant["example"]["error"]["code"]
        for status in operation["responses"]
        if status != "200"
        for variant in answer_schema(operation, int(status))["oneOf"]
    }

    assert set(ERRORS) - published == {"forbidden", "timeout", "busy", "not_applied", "permission_denied"}
