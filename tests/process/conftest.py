from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Furnished, the bot not yet started."""
    async with open_house(tmp_path) as furnished:
        yield furnished
