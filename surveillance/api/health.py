"""`/healthz`, `/readyz`, `/metrics`: what watches the program asks."""

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from surveillance.api.problems import document_problems
from surveillance.store import Store


@dataclass(frozen=True, slots=True)
class Health:
    """The program answers."""

    status: Literal["ok"]


def create_health(store: Store, registry: CollectorRegistry) -> APIRouter:
    """Build the routes of health, readiness and metrics.

    Parameters
    ----------
    store : Store
        An open store.
    registry : CollectorRegistry
        The metrics of the app.

    Returns
    -------
    APIRouter
        Routes at the root.
    """
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    def healthz() -> Health:
        """Say that the process answers; nothing else is asked."""
        return Health("ok")

    @router.get("/readyz", responses=document_problems())
    def readyz() -> Health:
        """Say that the store can be reached and has this version's schema."""
        store.check()
        return Health("ok")

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def metrics() -> Response:
        """Return the metrics in the Prometheus text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router
