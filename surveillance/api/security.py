"""What protects the desk in a browser: response headers, checks of the Host header and of origins.

All are plain ASGI, so they also cover static files and every error made inside the app.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from surveillance.config import is_loopback

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

SECURITY_HEADERS: tuple[tuple[str, str], ...] = (
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
)

STATIC_PREFIX = "/static/"
STATIC_CACHE_CONTROL = "no-cache"  # may be kept, is asked for again: assets change with the version


class SecurityHeaders:
    """Adds the security headers to every response.

    Parameters
    ----------
    app : ASGIApp
        The app inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Parameters
        ----------
        scope : Scope
            The connection.
        receive : Receive
            Gives the request's messages.
        send : Send
            Takes the response's messages.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_static = scope["path"].startswith(STATIC_PREFIX)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS:
                    headers[name] = value
                if is_static:
                    headers["cache-control"] = STATIC_CACHE_CONTROL
            await send(message)

        await self._app(scope, receive, send_with_headers)


class LocalHostOnly:
    """Refuses requests whose Host header names another machine than this one.

    A page of a stranger can make its own name point to 127.0.0.1 and so read this desk through the
    visitor's browser; the Host header then still holds the stranger's name.

    Parameters
    ----------
    app : ASGIApp
        The app inside.
    refusal : ASGIApp
        Answers what is refused.
    """

    def __init__(self, app: ASGIApp, refusal: ASGIApp) -> None:
        self._app = app
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request.

        Parameters
        ----------
        scope : Scope
            The connection.
        receive : Receive
            Gives the request's messages.
        send : Send
            Takes the response's messages.
        """
        if scope["type"] == "http":
            hosts = Headers(scope=scope).getlist("host")
            if len(hosts) != 1 or not is_local_host(hosts[0]):
                await self._refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
METHODS_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))
JSON_MEDIA_TYPE = "application/json"


class SameOriginWrites:
    """Refuses what would change something and comes from a page of another site, or is no JSON.

    A stranger's page can make the visitor's browser send a form or a plain request here, but no
    JSON without asking first, and browsers say where a request comes from. A program that is no
    browser sends neither Origin nor Sec-Fetch-Site: it may write, in JSON.

    Parameters
    ----------
    app : ASGIApp
        The app inside.
    cross_site, no_json : ASGIApp
        Answer what is refused.
    """

    def __init__(self, app: ASGIApp, cross_site: ASGIApp, no_json: ASGIApp) -> None:
        self._app = app
        self._cross_site = cross_site
        self._no_json = no_json

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request.

        Parameters
        ----------
        scope : Scope
            The connection.
        receive : Receive
            Gives the request's messages.
        send : Send
            Takes the response's messages.
        """
        chosen = self._app
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            headers = Headers(scope=scope)
            if not is_same_origin(headers, scope["scheme"]):
                chosen = self._cross_site
            elif scope["method"] in METHODS_WITH_BODY and not _is_json(headers):
                chosen = self._no_json
        await chosen(scope, receive, send)


def is_same_origin(headers: Headers, scheme: str) -> bool:
    """Say whether a request comes from a page of this server, or from no page at all.

    Parameters
    ----------
    headers : Headers
        Every Origin and Sec-Fetch-Site among them must say so.
    scheme : str
        `http` or `https`, as the request came.

    Returns
    -------
    bool
        False for `Origin: null` too, which sandboxed pages and files send.
    """
    own = f"{scheme}://{headers.get('host', '')}".lower()
    origins = headers.getlist("origin")
    sites = headers.getlist("sec-fetch-site")
    return all(origin.lower() == own for origin in origins) and all(
        site == "same-origin" for site in sites
    )


def _is_json(headers: Headers) -> bool:
    kinds = headers.getlist("content-type")
    return len(kinds) == 1 and kinds[0].partition(";")[0].strip().lower() == JSON_MEDIA_TYPE


def is_local_host(host: str) -> bool:
    """Say whether a Host header names this machine.

    Parameters
    ----------
    host : str
        A name or address, with or without a port.

    Returns
    -------
    bool
        True for `localhost` and loopback addresses, for example `127.0.0.1:8000` or `[::1]`.
    """
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        name = host
    elif not port.isdecimal():
        return False
    return is_loopback(name.removeprefix("[").removesuffix("]"))
