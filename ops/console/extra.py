"""Whether what the console stands on is installed: it comes with an extra that workers do not need."""

from importlib.util import find_spec

from streams.errors import UserError

_NEEDED = (
    "aiosqlite",
    "alembic",
    "argon2",
    "asyncpg",
    "authlib",
    "fastapi",
    "httpx",
    "itsdangerous",
    "jinja2",
    "pygal",
    "python_multipart",
    "sqlalchemy",
    "uvicorn",
)


class ExtraMissingError(UserError):
    """Packages of the extra are missing; the message says how to install them."""


def require_console() -> None:
    """Return where everything is there. Raises `ExtraMissingError`."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ExtraMissingError(
            f"the console needs packages that are not installed ({', '.join(missing)}): install jardem with "
            'its extra, as in pip install "jardem[console]"'
        )
