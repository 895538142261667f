"""A process that follows the topics into a read model, to be killed: `FOLDER BROKER URL`."""

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr

from ops.read_model.follow import Follower
from ops.read_model.store import open_store
from streams.settings.settings import Settings


async def follow(folder: Path, broker: str, url: str) -> None:
    """Follow in small batches until killed."""
    settings = Settings(kafka=broker, data_dir=folder, console_database=SecretStr(url))
    async with open_store(settings) as store:
        await Follower(store, settings, most=100).run()


if __name__ == "__main__":
    asyncio.run(follow(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""))
