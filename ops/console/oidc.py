"""Signing in at the organisation's own provider: OpenID Connect, authorization code with PKCE (Authlib)."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import structlog
from authlib.deprecate import AuthlibDeprecationWarning
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.access import Role, User
from ops.console.names import check_name
from ops.console.own_keys import key_for
from streams.settings.settings import Settings

with warnings.catch_warnings():
    # That it stands on httpx in place of its successor is no news to whoever runs a console.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.starlette_client import OAuth

_log = structlog.get_logger(__name__)

CALLBACK = "/sign-in/callback"
"""Where the provider sends the browser back to; the provider has to know it."""
SIGNED_OUT = "/signed-out"
"""Where it sends the browser after a sign-out there."""

_SECONDS = 5.0
_STATE_SECONDS = 600
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""By public keys only: with the others, who knows the client's secret could sign."""


class ProviderAwayError(Exception):
    """The provider does not answer, or not as a provider does."""


class ProviderRefusedError(Exception):
    """The sign-in did not come to its end. `why`: `denied`, `stale`, `no_roles`, `bad_name`, `bad_answer`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in at the provider, and where they wanted to go."""

    user: User
    id_token: str
    wanted: str


class Provider:
    """The provider of these settings. What it must remember between two pages stands in a signed cookie."""

    def __init__(self, settings: Settings, *, cookie: str, secure: bool) -> None:
        self._issuer = settings.oidc_issuer
        self._settings = settings
        self._cookie = cookie
        self._secure = secure
        key = key_for(settings, "state of a sign-in")
        self._serializer = URLSafeTimedSerializer(key, salt="state")  # type: ignore[no-untyped-call, unused-ignore]
        self._client = OAuth().register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value() or None,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile",
                "code_challenge_method": "S256",
                "timeout": _SECONDS,
            },
        )

    @property
    def origin(self) -> str:
        """Where forms of ours may lead to."""
        parts = urlsplit(self._issuer)
        return f"{parts.scheme}://{parts.netloc}"

    async def start(self, request: Request, callback: str, wanted: str) -> Response:
        """Send the browser to the provider, from where it comes back to `callback`.

        Raises `ProviderAwayError`.
        """
        # Asked anew, so that nobody is sent to a provider that does not answer.
        self._client.server_metadata.pop("_loaded_at", None)
        await self._metadata()
        memory: dict[str, Any] = {"wanted": wanted}
        request.scope["session"] = memory
        sent: RedirectResponse = await self._client.authorize_redirect(request, callback)
        sent.status_code = 303
        sent.set_cookie(
            self._cookie,
            str(self._serializer.dumps(memory)),
            max_age=_STATE_SECONDS,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return sent

    async def finish(self, request: Request) -> SignedIn:
        """Who came back. Raises `ProviderAwayError` and `ProviderRefusedError`."""
        try:
            memory = self._serializer.loads(request.cookies.get(self._cookie, ""), max_age=_STATE_SECONDS)
        except BadData:
            raise ProviderRefusedError("stale") from None
        await self._metadata()
        request.scope["session"] = memory
        try:
            token = await self._client.authorize_access_token(request)
            claims: Mapping[str, Any] = token["userinfo"]
            id_token = str(token["id_token"])
        except httpx.HTTPError as error:
            raise ProviderAwayError(type(error).__name__) from None
        except OAuthError as error:
            # What the provider says of its reasons may hold anything; the kind alone is logged.
            _log.warning("a sign-in was refused by the provider", kind=type(error).__name__)
            raise ProviderRefusedError(
                "stale" if type(error).__name__ == "MismatchingStateError" else "denied"
            ) from None
        except Exception as error:  # noqa: BLE001 - what is wrong with a token many classes of two libraries say
            _log.warning("an answer of the provider was refused", kind=type(error).__name__)
            raise ProviderRefusedError("bad_answer") from None
        return SignedIn(self._user(claims), id_token, str(memory.get("wanted", "/")))

    def forget(self, response: Response) -> None:
        """Take the cookie of the sign-in away."""
        response.delete_cookie(self._cookie, secure=self._secure, httponly=True, samesite="lax")

    async def sign_out_address(self, id_token: str | None, back: str) -> str | None:
        """Where to sign out at the provider too; None where it offers no such thing or is away."""
        try:
            endpoint = (await self._metadata()).get("end_session_endpoint")
        except ProviderAwayError:
            return None
        if not isinstance(endpoint, str):
            return None
        asked = {"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": back}
        if id_token is not None:
            asked["id_token_hint"] = id_token
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def _metadata(self) -> Mapping[str, Any]:
        """What the provider says of itself. Raises `ProviderAwayError`."""
        try:
            metadata: dict[str, Any] = await self._client.load_server_metadata()
        except (httpx.HTTPError, ValueError) as error:
            _log.warning("the provider does not answer", kind=type(error).__name__)
            raise ProviderAwayError(type(error).__name__) from None
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            _log.warning("the provider calls itself otherwise than JARDEM_OIDC_ISSUER does")
            raise ProviderAwayError("another issuer")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [one for one in offered if one in _ALGORITHMS]
        return metadata

    def _user(self, claims: Mapping[str, Any]) -> User:
        roles = mapped_roles(
            claim_at(claims, self._settings.oidc_roles_claim), self._settings.oidc_roles or {}
        )
        if not roles:
            raise ProviderRefusedError("no_roles")
        try:
            name = check_name(str(claims.get(self._settings.oidc_name_claim) or ""))
        except ValueError:
            raise ProviderRefusedError("bad_name") from None
        return User(name, roles)


def claim_at(claims: Mapping[str, Any], path: str) -> object:
    """A claim by its name, or by the names that lead to it, parted by full stops.

    >>> claim_at({"realm_access": {"roles": ["viewer"]}}, "realm_access.roles")
    ['viewer']
    """
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def mapped_roles(claim: object, names: Mapping[str, str]) -> frozenset[Role]:
    """Our roles of those that the claim holds: a list of texts, or a text parted by blanks.

    `names` are what the provider calls our roles, where it calls them otherwise.

    >>> sorted(mapped_roles(["social-worker", "viewer", "admin"], {"caseworker": "social-worker"}))
    [<Role.CASEWORKER: 'caseworker'>, <Role.VIEWER: 'viewer'>]
    """
    held = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return frozenset(role for role in Role if names.get(role.value, role.value) in held)
