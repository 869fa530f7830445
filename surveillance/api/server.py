"""The HTTP server: listens on this machine only, for ever or inside a `with` block."""

import socket
from collections.abc import Callable
from threading import Thread
from types import TracebackType

import uvicorn

from surveillance.api.app import create_app
from surveillance.api.copiers import VerifyPlan
from surveillance.config import is_loopback
from surveillance.errors import SettingsError, show_value
from surveillance.store import Store

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
LARGEST_PORT = 65_535
SHUTDOWN_TIMEOUT_S = 5  # how long open requests may take to end after Ctrl-C


def serve(
    store: Store,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    *,
    verify: VerifyPlan | None = None,
    on_listening: Callable[[str], None] | None = None,
) -> None:
    """Serve a store until Ctrl-C or a termination signal; print nothing.

    Parameters
    ----------
    store : Store
        An open store; it stays the caller's to close.
    host : str
        `localhost` or a loopback address.
    port : int
        0 for a free one.
    verify : VerifyPlan or None
        As of `create_app`.
    on_listening : Callable[[str], None] or None
        Called once with the server's URL when connections are accepted.

    Raises
    ------
    SettingsError
        If the host is not this machine, the port is none or is in use.
    """
    with _listen(host, port) as listener:
        try:
            server = _create_server(store, verify)
            if on_listening is not None:
                on_listening(_url_of(listener))
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return  # the server has stopped in order and passes the signal on


def check_address(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on, before the work whose result it would show.

    Parameters
    ----------
    host : str
        `localhost` or a loopback address.
    port : int
        0 for a free one.

    Raises
    ------
    SettingsError
        As `serve` does.
    """
    _listen(host, port).close()


class RunningServer:
    """A server in a background thread for as long as a `with` block runs.

    Parameters
    ----------
    store : Store
        An open store; it stays the caller's to close.
    host : str
        `localhost` or a loopback address.
    port : int
        0, the default, for a free one.
    verify : VerifyPlan or None
        As of `create_app`.

    Raises
    ------
    SettingsError
        As `serve` does.
    """

    def __init__(
        self,
        store: Store,
        host: str = DEFAULT_HOST,
        port: int = 0,
        *,
        verify: VerifyPlan | None = None,
    ) -> None:
        self._listener = _listen(host, port)
        self._server = _create_server(store, verify)
        self._thread = Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="http-server"
        )
        self.url = _url_of(self._listener)

    def __enter__(self) -> "RunningServer":
        # The socket listens already: a request that comes early waits for the thread.
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


def _create_server(store: Store, verify: VerifyPlan | None) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            create_app(store, verify),
            access_log=False,
            log_config=None,  # logging belongs to the program, not to the server
            server_header=False,
            proxy_headers=False,
            http="h11",
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    problems = []
    if not is_loopback(host):
        problems.append(
            "host must be localhost or a loopback address until logins exist, "
            f"was {show_value(host)}"
        )
    if not 0 <= port <= LARGEST_PORT:
        problems.append(f"port must be from 0 to {LARGEST_PORT}, was {port}")
    if problems:
        raise SettingsError(problems)
    address = DEFAULT_HOST if host.lower() == "localhost" else host
    # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off only then.
    listener = socket.socket(
        socket.AF_INET6 if ":" in address else socket.AF_INET,
        socket.SOCK_STREAM,
        socket.IPPROTO_TCP,
    )
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise SettingsError(
            [
                f"port {port} of {address} must be free: {error.strerror or error}; "
                "choose another with --port or SURVEILLANCE_PORT"
            ]
        ) from error
    return listener


def _url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
