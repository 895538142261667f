"""What was built against a release's schemas works with today's. They are kept here as it published them."""

import json
from pathlib import Path

import pytest

from ops.docs.compatible import incompatibilities
from ops.docs.schemas import public_schemas
from schemas.catalogue import PUBLIC_IN

RELEASED = sorted((Path(__file__).parent / "schemas").glob("v*/*.json"))


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_nothing_that_a_release_published_is_broken(path: Path) -> None:
    released = json.loads(path.read_text(encoding="utf-8"))
    today = public_schemas().get(path.stem)
    assert today is not None, f"{path.stem} is gone: an incompatible event needs a new version of its name"
    assert incompatibilities(released, today, incoming=path.stem in PUBLIC_IN) == []


def test_the_releases_are_there() -> None:
    assert len(RELEASED) >= 21
