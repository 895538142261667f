"""Processes that find a library missing which is there."""

from pathlib import Path

import pytest


def hide(library: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are started from now on cannot import it."""
    (folder / "hidden").mkdir(exist_ok=True)
    (folder / "hidden" / f"{library}.py").write_text("raise ImportError(__name__)")
    monkeypatch.setenv("PYTHONPATH", str(folder / "hidden"))
