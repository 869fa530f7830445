"""`/v1/copiers`: copy plans, what a check said of them, how their copiers do, a person's commands.

The one part of the API that changes something. It orders nothing itself: plans, checks and
commands go into the store, and a copier that runs obeys what it finds there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header
from pydantic import BaseModel, ConfigDict, Field

from streams.copier import CommandKind, Plan
from streams.copier.plan_file import plan_of, plan_to_json
from surveillance.api.parameters import Cursor, Limit, LongText
from surveillance.api.problems import document_problems
from surveillance.clock import now_ns
from surveillance.errors import BusyError, CopierError, PlanRefusedError
from surveillance.store import Store
from surveillance.store.copying import Checked, Copier, CopierPage, CopierStatus
from surveillance.store.copying.figures import (
    CopierFidelity,
    CopierLatency,
    fidelity_of,
    latency_of,
)

VerifyPlan = Callable[[Plan], None]
"""Plays a plan in demo and records what it said; raises `PlanRefusedError`, recorded too."""

LONGEST_KEY = 255
RETRY_AFTER_S = 5  # about as long as a verification takes

_UNKNOWN = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
_WRITES = (
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


class CommandRequest(BaseModel):
    """What a person tells a copier; without an account, all its followers."""

    model_config = ConfigDict(extra="forbid")

    kind: CommandKind = Field(
        description="`kill_and_flatten` stops copying and closes the positions, `kill_and_hold` "
        "stops copying and leaves them to the person, `arm` copies again"
    )
    account_id: LongText | None = None


@dataclass(frozen=True, slots=True)
class CommandTaken:
    """A command that was kept; a copier that does not run obeys when it runs again."""

    command_id: int
    status: CopierStatus


PlanBody = Annotated[
    dict[str, Any],
    Body(description="A copy plan, in JSON the same keys as in a plan's file (docs/copier.md)"),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=LONGEST_KEY,
        description="What is sent again under its key is one command",
    ),
]


def create_copiers(store: Store, verify: VerifyPlan | None) -> APIRouter:
    """Build the routes of the copiers.

    Parameters
    ----------
    store : Store
        An open store.
    verify : VerifyPlan or None
        Without it no plan is verified here.

    Returns
    -------
    APIRouter
        Routes under `/v1/copiers`.
    """
    router = APIRouter(prefix="/v1/copiers", tags=["copiers"])
    _add_questions(router, store)
    _add_changes(router, store, verify)
    return router


def _add_questions(router: APIRouter, store: Store) -> None:
    copying = store.copying

    @router.get(
        "",
        responses=document_problems(HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    def list_copiers(cursor: Cursor = None, limit: Limit = 100) -> CopierPage:
        """List copy plans by id: whether their copiers run, and what the last check said."""
        return copying.list_copiers(cursor, limit)

    # Before the copier itself: its id may hold slashes and would swallow these endings.
    @router.get("/{plan_id:id}/fidelity", responses=document_problems(*_UNKNOWN))
    def get_fidelity(plan_id: str) -> CopierFidelity:
        """Return planned and realized ratios, live or, where it never ran, as verified."""
        return fidelity_of(copying.copier(plan_id))

    @router.get("/{plan_id:id}/latency", responses=document_problems(*_UNKNOWN))
    def get_latency(plan_id: str) -> CopierLatency:
        """Return how long copies took, as histograms."""
        return latency_of(copying.copier(plan_id))

    @router.get("/{plan_id:id}", responses=document_problems(*_UNKNOWN))
    def get_copier(plan_id: str) -> Copier:
        """Return a plan, its last check, the live view and the newest commands."""
        return copying.copier(plan_id)


def _add_changes(router: APIRouter, store: Store, verify: VerifyPlan | None) -> None:
    copying = store.copying
    verifying = Lock()

    @router.post("", status_code=HTTPStatus.CREATED, responses=document_problems(*_WRITES))
    def record_plan(content: PlanBody) -> Copier:
        """Record a plan; a changed one takes the place of the old one, unless that runs."""
        plan = plan_of(content, shown="the plan")
        copying.record_plan(plan.plan_id, plan_to_json(plan), now_ns())
        return copying.copier(plan.plan_id)

    @router.post(
        "/{plan_id:id}/verify", responses=document_problems(HTTPStatus.NOT_FOUND, *_WRITES)
    )
    def verify_plan(plan_id: str) -> Checked:
        """Play a day of a plan in a simulated market; a refusal is an answer with its reasons.

        One at a time: others are asked to come again.
        """
        plan = plan_of(copying.copier(plan_id).plan, shown="the plan")
        if verify is None:
            raise CopierError(plan_id, "is not verified here: `surveillance copy verify` does it")
        with _alone(verifying):
            with suppress(PlanRefusedError):  # recorded, with its reasons
                verify(plan)
            checked = copying.copier(plan_id).checked
        assert checked is not None  # noqa: S101, it was recorded
        return checked

    @router.post(
        "/{plan_id:id}/commands",
        status_code=HTTPStatus.ACCEPTED,
        responses=document_problems(HTTPStatus.NOT_FOUND, *_WRITES),
    )
    def add_command(
        plan_id: str, command: CommandRequest, idempotency_key: IdempotencyKey = None
    ) -> CommandTaken:
        """Tell a copier something; one that runs obeys within a second."""
        number = copying.add_command(
            plan_id, command.kind, command.account_id, now_ns(), request_key=idempotency_key
        )
        return CommandTaken(number, copying.copier(plan_id).summary.status)


@contextmanager
def _alone(lock: Lock) -> Iterator[None]:
    if not lock.acquire(blocking=False):
        raise BusyError("a plan is being verified", RETRY_AFTER_S)
    try:
        yield
    finally:
        lock.release()
