"""The console's cookies: their names and how they are set, by the address at which the console is reached."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import Response

from ops.console.sessions import LONGEST
from streams.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Cookies:
    """How this console sets its cookies. `secure`: over https alone, and bound to the very host."""

    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> "Cookies":
        """By the console's public address; without one it is reached on this machine, over http."""
        return cls(urlsplit(settings.console_url).scheme == "https")

    @property
    def session(self) -> str:
        """The name of the session's cookie."""
        return self.named("jardem_session")

    @property
    def visitor(self) -> str:
        """The name of the cookie of those who are not signed in, for their form tokens."""
        return self.named("jardem_visitor")

    @property
    def state(self) -> str:
        """The name of the cookie that is there while somebody signs in at the provider."""
        return self.named("jardem_state")

    def named(self, name: str) -> str:
        """The name with the prefix by which browsers refuse such a cookie from anywhere else."""
        return f"__Host-{name}" if self.secure else name

    def set(self, response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
        """Set a cookie that no script reads."""
        response.set_cookie(
            name, value, max_age=max_age, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def set_session(self, response: Response, secret: str) -> None:
        """Begin a session in the browser, and end the visit of nobody."""
        self.set(response, self.session, secret, max_age=int(LONGEST.total_seconds()))
        self.take(response, self.visitor)

    def take(self, response: Response, name: str) -> None:
        """Take a cookie away."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")
