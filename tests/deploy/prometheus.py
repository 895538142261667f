"""A real Prometheus that scrapes processes of this machine once a second."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from ops.brokers.child import Child
from ops.reach import free_port
from tests.deploy.alerting import FILES


class Prometheus:
    """Asks a Prometheus that runs."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def get(self, path: str, **asked: str) -> Any:
        """The data of an answer of its API."""
        async with self._session.get(f"{self._url}/api/v1/{path}", params=asked) as response:
            answer = await response.json()
        assert answer["status"] == "success", (asked, answer)
        return answer["data"]

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now."""
        found: list[dict[str, Any]] = (await self.get("query", query=expression))["result"]
        return found

    async def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            async with self._session.get(f"{self._url}/-/ready") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def scraping(program: str, folder: Path, targets: Mapping[str, str]) -> AsyncIterator[Prometheus]:
    """A Prometheus with our rules. `targets` are addresses by the names of their jobs."""
    port = free_port()
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in FILES],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [address]}]} for job, address in targets.items()
        ],
    }
    # JSON is YAML.
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    child = Child(command, log=folder / "prometheus.log")
    child.start()
    try:
        async with aiohttp.ClientSession() as session:
            prometheus = Prometheus(f"http://127.0.0.1:{port}", session)
            async with asyncio.timeout(30):
                while not await prometheus.is_ready():
                    assert child.alive(), child.tail()
                    await asyncio.sleep(0.1)
            yield prometheus
    finally:
        await asyncio.to_thread(child.stop, 10.0)
