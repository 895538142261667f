"""Whether what the benchmarks stand on is installed: it comes with an extra that workers do not need."""

from importlib.util import find_spec

from streams.errors import UserError

_NEEDED = ("httptools", "psutil", "pygal")


class BenchExtraMissingError(UserError):
    """Packages of the extra are missing; the message says how to install them."""


def require_bench() -> None:
    """Return where everything is there. Raises `BenchExtraMissingError`."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise BenchExtraMissingError(
            f"the benchmarks need packages that are not installed ({', '.join(missing)}): install jardem "
            'with its extra, as in pip install "jardem[bench]"'
        )
