"""Prometheus metrics: how requests go, and what the last run says about the detector's health."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from surveillance.clock import monotonic_ns
from surveillance.errors import StoreError
from surveillance.store import Store

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "(none)"
NS_PER_S = 1e9


class RequestMetrics:
    """Counts and times requests by route template: a label never holds what a stranger sent.

    Parameters
    ----------
    app : ASGIApp
        The app inside.
    registry : CollectorRegistry
        Where the metrics are kept.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter(
            "surveillance_http_requests",
            "HTTP requests by method, route and status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "surveillance_http_request_seconds",
            "Time from request to the end of the response.",
            ["method", "route"],
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and count it.

        Parameters
        ----------
        scope : Scope
            The connection; the router leaves the route in it.
        receive : Receive
            Gives the request's messages.
        send : Send
            Takes the response's messages.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_ns = monotonic_ns()
        status = 500  # what the client gets when the app raises

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
            route = getattr(scope.get("route"), "path", None) or NO_ROUTE
            self._requests.labels(method, route, str(status)).inc()
            self._seconds.labels(method, route).observe((monotonic_ns() - started_ns) / NS_PER_S)


class StoreCollector(Collector):
    """Reads the store each time the metrics are asked for.

    Parameters
    ----------
    store : Store
        An open store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing, so that registering does not read the store.

        Returns
        -------
        list[GaugeMetricFamily]
            Empty.
        """
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics of the store; only `surveillance_store_up` when it cannot be read.

        Yields
        ------
        GaugeMetricFamily
            One metric with all its labels.
        """
        try:
            families = self._read()
        except StoreError:
            families = []
        yield GaugeMetricFamily(
            "surveillance_store_up", "1 when the store can be read.", value=float(bool(families))
        )
        yield from families

    def _read(self) -> list[GaugeMetricFamily]:
        reader = self._store.reader
        groups = GaugeMetricFamily(
            "surveillance_groups", "Stored groups by verdict.", labels=["verdict"]
        )
        for verdict, count in reader.facets().verdict.items():
            groups.add_metric([verdict.value], count)
        run = reader.latest_run()
        if run is None:
            return [groups]
        crossings = GaugeMetricFamily(
            "surveillance_placebo_crossings",
            "Placebo crossings of the last run by tolerated false pairs.",
            labels=["tolerated"],
        )
        bounds = GaugeMetricFamily(
            "surveillance_placebo_bound",
            "Most placebo crossings that chance explains.",
            labels=["tolerated"],
        )
        for placebo in reader.list_placebo(run.run_id):
            crossings.add_metric([f"{placebo.tolerated:g}"], placebo.crossings)
            bounds.add_metric([f"{placebo.tolerated:g}"], placebo.bound)
        return [
            groups,
            crossings,
            bounds,
            GaugeMetricFamily(
                "surveillance_chance_groups_per_year",
                "False groups that the last run's threshold lets chance make in a year.",
                value=run.chance_groups_per_year,
            ),
            GaugeMetricFamily(
                "surveillance_last_run_finished_timestamp_seconds",
                "When the last recorded run finished.",
                value=run.finished_time_ns / NS_PER_S,
            ),
        ]
