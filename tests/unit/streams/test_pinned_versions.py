"""What the mended transport stands on. A change of version is read before it is taken."""

from importlib.metadata import version

import pytest

RECHECK = """\
{package} is {found}, but streams/ was written against {wanted}.
Before you change the number here and in pyproject.toml:
1. run tests/unit/streams/test_mends.py: a mend whose stock half does not fail any more may be upstream now;
2. read the new version of what we override: {reads};
3. run `make churn` on both stores, and the stock control.
"""


@pytest.mark.parametrize(
    ("package", "wanted", "reads"),
    [
        (
            "faust-streaming",
            "0.15.3",
            "transport/{consumer,producer,drivers/aiokafka}.py, tables/{recovery,manager}.py, app/, assignor",
        ),
        (
            "aiokafka",
            "0.14.0",
            "consumer/, producer/, record/, protocol/{api,fetch,types}.py, codec.py",
        ),
        ("mode-streaming", "0.7.1", "services.py (task, wait_first, stop), threads.py (call_thread)"),
    ],
)
def test_version_is_the_one_that_was_read(package: str, wanted: str, reads: str) -> None:
    found = version(package)
    assert found == wanted, RECHECK.format(package=package, found=found, wanted=wanted, reads=reads)
