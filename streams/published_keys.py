"""Our public keys over HTTP, where everybody who has a document of ours can fetch them."""

from pathlib import Path

import structlog
from aiohttp import web

from streams.key_set import DEMO_KEYS, FolderState, KeyFolder, KeysError

_log = structlog.get_logger(__name__)

KEYS_PATH = "/.well-known/jardem-keys.json"
"""Where the key set is answered."""

MEDIA_TYPE = "application/jwk-set+json"
"""What it is answered as."""

CACHED = "public, max-age=300"
"""How long others may keep it, as `Cache-Control` says it."""


class PublishedKeys:
    """The key set of a folder as it stands there now; without a folder, the demo's.

    Only the key set is read, never a private key, and only what a public key has of it is passed on. It is
    read anew where its file is another than before, so that a new key is seen without a restart.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._content = DEMO_KEYS.written().encode() if folder is None else None
        self._read_of: FolderState | None = None
        self._trouble: str | None = None

    def content(self) -> bytes | None:
        """The JWKS; while it cannot be read, as it was last. None where it could never be read."""
        if self._folder is not None:
            self._look(self._folder)
        return self._content

    def _look(self, folder: Path) -> None:
        try:
            state = KeyFolder(folder).state()
            if state == self._read_of:
                return
            self._content = KeyFolder(folder).key_set().written().encode()
            self._read_of, self._trouble = state, None
        except (OSError, KeysError) as error:
            # Keys are never taken out of the set: what was read before is right, if not complete.
            self._read_of = None
            if str(error) != self._trouble:
                _log.warning("the key set cannot be read", error=str(error))
            self._trouble = str(error)


def add_key_set(app: web.Application, keys: PublishedKeys) -> None:
    """Add the route of the key set, for GET and HEAD: 200, or 503 where it could never be read."""

    async def answer(_: web.Request) -> web.Response:
        content = keys.content()
        if content is None:
            return web.Response(status=503, text="the key set cannot be read\n")
        return web.Response(body=content, content_type=MEDIA_TYPE, headers={"Cache-Control": CACHED})

    app.router.add_get(KEYS_PATH, answer)
