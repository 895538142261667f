from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.console.running import Running
from tests.unit.console.running import running as run


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with run(tmp_path) as started:
        yield started
