"""The console over HTTP, with an empty read model that follows nothing: for what needs no broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn

from ops.console.app import create_app
from ops.console.server import open_console
from ops.reach import free_port
from streams.settings.settings import Settings


@asynccontextmanager
async def running_console(folder: Path, users: Path) -> AsyncIterator[str]:
    """Serve it, with its data in the folder. Gives its address."""
    async with open_console(Settings(data_dir=folder, console_users=users)) as console:
        port = free_port()
        server = uvicorn.Server(
            uvicorn.Config(create_app(console), port=port, log_level="warning", lifespan="off")
        )
        serving = asyncio.create_task(server.serve())
        try:
            async with asyncio.timeout(10):
                while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving
