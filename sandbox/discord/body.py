"""Reading a request's body: JSON, or Discord's multipart form of `payload_json` and `files[n]`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from .errors import ApiError, ErrorCode
from .jsons import Json, as_object

FILE_FIELD = re.compile(r"files\[(\d+)\]")


@dataclass(frozen=True)
class File:
    """One uploaded part."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Body:
    """What a request carried; `files` are keyed by their n."""

    json: Any = None
    files: dict[int, File] = field(default_factory=dict[int, File])

    @property
    def object(self) -> Json:
        """The JSON as an object; empty when it is none."""
        return as_object(self.json)


async def read_body(request: web.Request) -> Body:
    """Read the whole body.

    Raises:
        ApiError: 50109 when it is neither JSON nor Discord's multipart form.
    """
    try:
        if request.content_type == "multipart/form-data":
            return await _read_multipart(request)
        raw = await request.read()
        if raw and request.content_type != "application/json":
            raise ApiError(ErrorCode.INVALID_JSON)
        return Body(json.loads(raw) if raw else None)
    except ValueError:
        raise ApiError(ErrorCode.INVALID_JSON) from None


async def _read_multipart(request: web.Request) -> Body:
    payload: Any = None
    files: dict[int, File] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ApiError(ErrorCode.INVALID_JSON)
        data, name = bytes(await part.read()), str(part.name)
        number = FILE_FIELD.fullmatch(name)
        if number is not None and part.filename is not None:
            files[int(number[1])] = File(part.filename, part.headers.get("Content-Type", ""), data)
        elif name == "payload_json":
            payload = json.loads(data)
        else:
            raise ApiError(ErrorCode.INVALID_FORM, {name: {"_errors": [{"code": "UNKNOWN_PART"}]}})
    return Body(payload, files)
