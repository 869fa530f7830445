"""The app: API, desk and static files over one open store, with its own metrics registry.

It reads the store and never detects.
"""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.staticfiles import StaticFiles

import surveillance.web
from surveillance import __version__
from surveillance.api.accounts import create_accounts
from surveillance.api.copiers import VerifyPlan, create_copiers
from surveillance.api.examples import add_examples
from surveillance.api.groups import create_groups
from surveillance.api.health import create_health
from surveillance.api.metrics import RequestMetrics, StoreCollector
from surveillance.api.paths import register_id_convertor
from surveillance.api.problems import Problem, add_problem_handlers, problem_response
from surveillance.api.runs import create_runs
from surveillance.api.security import LocalHostOnly, SameOriginWrites, SecurityHeaders
from surveillance.api.stream_metrics import StreamCollector
from surveillance.api.streams import create_streams
from surveillance.store import Store
from surveillance.web.copiers import create_copier_pages
from surveillance.web.pages import create_pages

DESCRIPTION = """\
Groups of accounts that repeat the same orders, what the system concludes about each and the
evidence for it. Times are UTC nanoseconds since 1970 (`*_ns`), lags milliseconds (`*_ms`).

Lists are paged: pass `next_cursor` (or `next_after`) on until it is null. Errors are problem
details (RFC 9457). Identifiers come from strangers: escape them before showing them.

What changes something takes JSON, and none of it from pages of another site.
"""


class SurveillanceApp(FastAPI):
    """A FastAPI app whose OpenAPI document also holds problem details and examples."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document.

        Returns
        -------
        dict[str, Any]
            Made at the first call.
        """
        if self.openapi_schema is not None:
            return self.openapi_schema
        document = super().openapi()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = schema.pop("$defs", {})
        document["components"]["schemas"].update({"Problem": schema, **parts})
        add_examples(document)
        return document


def create_app(store: Store, verify: VerifyPlan | None = None) -> FastAPI:
    """Build the app that serves a store.

    Parameters
    ----------
    store : Store
        An open store; it stays the caller's to close.
    verify : VerifyPlan or None
        Plays a copy plan and records what it said; without it no plan is verified here.

    Returns
    -------
    FastAPI
        The API under `/v1`, `/healthz`, `/readyz`, `/metrics`, `/openapi.json`, the desk at `/`
        and its assets at `/static`.
    """
    register_id_convertor()
    registry = CollectorRegistry()
    registry.register(StoreCollector(store))
    registry.register(StreamCollector(store))
    app = SurveillanceApp(
        title="Exchange surveillance",
        description=DESCRIPTION,
        version=__version__,
        docs_url=None,  # the stock pages load scripts from a foreign host
        redoc_url=None,
        redirect_slashes=False,  # an id may end in a slash
    )
    add_problem_handlers(app)
    app.include_router(create_groups(store))
    app.include_router(create_accounts(store))
    app.include_router(create_runs(store))
    app.include_router(create_streams(store))
    app.include_router(create_copiers(store, verify))
    app.include_router(create_health(store, registry))
    app.mount("/static", StaticFiles(directory=Path(surveillance.web.__path__[0]) / "static"))
    app.include_router(create_pages(store))
    app.include_router(create_copier_pages(store, can_verify=verify is not None))
    # The one added last runs first.
    app.add_middleware(
        SameOriginWrites,
        cross_site=problem_response(
            403, "cross-site", "a page of another site may change nothing here"
        ),
        no_json=problem_response(
            415, "unsupported-media-type", "the Content-Type header must be application/json"
        ),
    )
    refusal = problem_response(
        400, "unknown-host", "the Host header must be localhost or a loopback address"
    )
    app.add_middleware(LocalHostOnly, refusal=refusal)
    app.add_middleware(RequestMetrics, registry=registry)
    app.add_middleware(SecurityHeaders)
    return app
