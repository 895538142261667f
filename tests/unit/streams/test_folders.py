"""A folder of ours is made, or it is said what leads to it."""

import os
from pathlib import Path

import pytest

from streams.errors import FolderError, make_folder


def test_a_folder_is_made_or_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "a" / "b", "IT")
    assert (tmp_path / "a" / "b").is_dir()
    # Whoever runs the tests may be allowed to write everywhere.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FolderError, match=r"b cannot be written \(Permission denied\): set IT to a folder"):
        make_folder(tmp_path / "a" / "b", "IT")
