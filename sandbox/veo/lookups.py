"""POST /veo/tasks: one task, a batch of tasks by id, or the account's own list by time."""

from __future__ import annotations

import math
from types import MappingProxyType

from aiohttp import web

from sandbox.veo import images
from sandbox.veo.connection import (
    closed,
    interrupted,
    interruption_of,
    json_response,
    read_object,
    refusal_response,
    slowed,
)
from sandbox.veo.contract import DEFAULT_BATCH_LIMIT, JsonObject, JsonValue, Payload, Refusal
from sandbox.veo.faults import Route
from sandbox.veo.journal import SeenRequest
from sandbox.veo.records import RECORD_TYPE, failed_twin, record
from sandbox.veo.tasks import Task
from sandbox.veo.world import World


class TasksRoute:
    """The handler of the endpoint that is free of charge."""

    def __init__(self, world: World) -> None:
        """Work on the given state."""
        self._world = world

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one look."""
        if self._world.switches.down:
            return closed(request)
        payload = await read_object(request)
        seen = MappingProxyType(payload or {})
        self._world.journal.requests.append(SeenRequest(self._world.clock(), Route.TASKS, seen))
        faults = self._world.faults.take(Route.TASKS, seen)
        interruption = interruption_of(faults)
        if interruption is not None:
            return await interrupted(request, self._world, interruption)
        await slowed(request, self._world, faults)
        await images.settled(self._world)
        refusal = self._refusal(seen)
        return refusal_response(refusal) if refusal else json_response(self._found(seen))

    def _refusal(self, payload: Payload) -> Refusal | None:
        """Refuse what is malformed; the provider asks nobody here who they are."""
        if self._world.switches.refuse_lookups is not None:
            return Refusal.of(self._world.switches.refuse_lookups)
        return _problem(payload)

    def _found(self, payload: Payload) -> JsonValue:
        if _action(payload) == "retrieve":
            task = self._world.tasks.find(task_id=payload.get("id"), trace_id=payload.get("trace_id"))
            missing: JsonValue = {} if self._world.switches.unknown_as_empty_object else None
            return missing if task is None else self._record(task)
        items: list[JsonValue] = []
        for task in self._batch(payload):
            items += [record_of for record_of in (self._twin(task), self._record(task)) if record_of is not None]
        return {"items": items, "count": len(items)}

    def _batch(self, payload: Payload) -> list[Task]:
        limit = int(_number(payload, "limit", DEFAULT_BATCH_LIMIT))
        if payload.get("type", RECORD_TYPE) != RECORD_TYPE:
            return []
        ids, trace_ids = payload.get("ids"), payload.get("trace_ids")
        if isinstance(ids, list) or isinstance(trace_ids, list):
            return self._world.tasks.pick(_texts(ids), _texts(trace_ids), limit)
        earliest, latest = _number(payload, "created_at_min", -math.inf), _number(payload, "created_at_max", math.inf)
        return self._world.tasks.between(earliest, latest, int(_number(payload, "offset", 0)), limit)

    def _record(self, task: Task) -> JsonObject:
        return record(task, self._world.clock(), self._world.media_base)

    def _twin(self, task: Task) -> JsonObject | None:
        return failed_twin(task) if task.shape.failed_twin else None


def _action(payload: Payload) -> JsonValue:
    """Name the action; the provider's own clients leave `retrieve` out."""
    implied = "retrieve" if "id" in payload or "trace_id" in payload else None
    return payload.get("action", implied)


def _texts(value: JsonValue) -> list[str]:
    return [str(element) for element in value] if isinstance(value, list) else []


def _problem(payload: Payload) -> Refusal | None:
    action = _action(payload)
    checks = {
        "action is invalid.": action in {"retrieve", "retrieve_batch"},
        "id is required.": action != "retrieve" or "id" in payload or "trace_id" in payload,
        "ids is invalid.": _are_texts(payload.get("ids", [])),
        "trace_ids is invalid.": _are_texts(payload.get("trace_ids", [])),
        "type is invalid.": isinstance(payload.get("type", ""), str),
        "limit is invalid.": _number(payload, "limit", 1) >= 1,
        "offset is invalid.": _number(payload, "offset", 0) >= 0,
    }
    broken = next((message for message, fine in checks.items() if not fine), None)
    return None if broken is None else Refusal.of("bad_request", broken)


def _are_texts(value: JsonValue) -> bool:
    return isinstance(value, list) and all(isinstance(element, str) for element in value)


def _number(payload: Payload, key: str, default: float) -> float:
    value = payload.get(key, default)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else -1
