from collections.abc import Iterator
from pathlib import Path

import faust
import pytest
from faust.types import AppT

from streams.app import StreamApp, create_app
from streams.settings.settings import Settings
from streams.tuning import Tuning


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[StreamApp]:
    """An app of ours that is never started."""
    app = create_app(Settings(kafka="127.0.0.1:1", data_dir=tmp_path), Tuning(app_id="ours", revoke_wait=0.2))
    app.finalize()
    yield app
    close(app)


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[AppT]:
    """Faust's own app, never started."""
    app = faust.App("stock", broker="aiokafka://127.0.0.1:1", datadir=tmp_path, web_enabled=False)
    app.finalize()
    yield app
    close(app)


def close(app: AppT) -> None:
    """Close the loop that a consumer's thread would have run."""
    if app._consumer is not None:  # type: ignore[attr-defined]
        app.consumer._thread.thread_loop.close()  # type: ignore[attr-defined]
