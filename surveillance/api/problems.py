"""Problem details (RFC 9457): every error of the API in one form, its HTTP status in one table."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from streams.copier import PlanError
from streams.text import printable
from surveillance.api.security import SECURITY_HEADERS
from surveillance.errors import (
    BusyError,
    CopierError,
    CursorError,
    NotFoundError,
    StoreError,
    SurveillanceError,
    show_value,
)
from surveillance.web.pages import problem_page

PROBLEM_MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:exchange-surveillance:problem:"

# The one table from error to answer; the first class that fits decides.
STATUS_OF_ERROR: tuple[tuple[type[Exception], HTTPStatus, str], ...] = (
    (NotFoundError, HTTPStatus.NOT_FOUND, "not-found"),
    (CursorError, HTTPStatus.BAD_REQUEST, "bad-cursor"),
    (RequestValidationError, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request"),
    (PlanError, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-plan"),
    (CopierError, HTTPStatus.CONFLICT, "conflict"),
    (BusyError, HTTPStatus.SERVICE_UNAVAILABLE, "busy"),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE, "store-unavailable"),
    (SurveillanceError, HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error"),
    (Exception, HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error"),
)


class ParameterProblem(BaseModel):
    """One parameter of a request, or key of its plan, that breaks a rule."""

    parameter: str = Field(description="Where it is and its name", examples=["query.limit"])
    rule: str = Field(examples=["Input should be less than or equal to 500"])
    value: str = Field(description="The value as it came, escaped and cut", examples=["'9000'"])


class Problem(BaseModel):
    """What went wrong with a request."""

    type: str = Field(examples=[f"{TYPE_PREFIX}not-found"])
    title: str = Field(description="The HTTP status in words", examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["the store holds no group 'g-17'"])
    errors: list[ParameterProblem] | None = Field(
        default=None, description="Every bad parameter, in an invalid request"
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    kind: str


def problem_response(
    status: int,
    kind: str,
    detail: str,
    *,
    errors: list[ParameterProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Build the response of a problem.

    Parameters
    ----------
    status : int
        HTTP status.
    kind : str
        Last part of the problem's type.
    detail : str
        One sentence for a person.
    errors : list[ParameterProblem] or None
        Every bad parameter of an invalid request.
    headers : dict[str, str] or None
        More headers.

    Returns
    -------
    Response
        With the media type of RFC 9457.
    """
    problem = Problem(
        type=TYPE_PREFIX + kind,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=errors,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=headers,
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of an app with problem details.

    Parameters
    ----------
    app : FastAPI
        The app; its framework's own handlers are replaced.
    """
    app.add_exception_handler(HTTPException, _answer_framework)
    app.add_exception_handler(RequestValidationError, _answer_error)
    app.add_exception_handler(PlanError, _answer_error)
    app.add_exception_handler(SurveillanceError, _answer_error)
    app.add_exception_handler(Exception, _answer_unexpected)


def document_problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of the problems that a route can answer with.

    Parameters
    ----------
    *statuses : HTTPStatus
        Statuses of `STATUS_OF_ERROR`; 503 is always added.

    Returns
    -------
    dict[int | str, dict[str, Any]]
        For the `responses` of a route; the schema is `#/components/schemas/Problem`.
    """
    return {
        status.value: {
            "description": status.phrase,
            "content": {
                PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
            },
        }
        for status in (*statuses, HTTPStatus.SERVICE_UNAVAILABLE)
    }


def _answer_for(error: Exception) -> _Answer:
    for error_class, status, kind in STATUS_OF_ERROR:
        if isinstance(error, error_class):
            return _Answer(status, kind)
    raise AssertionError("the table ends with Exception")


def _answer_error(request: Request, error: Exception) -> Response:
    answer = _answer_for(error)
    if isinstance(error, RequestValidationError):
        problems = [_explain(item) for item in error.errors()]
        names = ", ".join(problem.parameter for problem in problems)
        return problem_response(
            answer.status, answer.kind, f"the request breaks a rule: {names}", errors=problems
        )
    if isinstance(error, PlanError):
        named = ".".join(part for part in ("body", error.key) if part)
        problem = ParameterProblem(
            parameter=printable(named), rule=error.rule, value=show_value(error.value)
        )
        return problem_response(answer.status, answer.kind, str(error), errors=[problem])
    # The store's place on disk is nobody's business over HTTP.
    detail = error.problem if isinstance(error, StoreError) else str(error)
    if wants_page(request) and not request.url.path.startswith("/v1"):
        return problem_page(answer.status, answer.status.phrase, detail)
    headers = None
    if isinstance(error, BusyError):
        headers = {"retry-after": str(error.retry_after_s)}
    return problem_response(answer.status, answer.kind, detail, headers=headers)


def wants_page(request: Request) -> bool:
    """Return whether a request comes from a browser's address bar or link, not from a client.

    Parameters
    ----------
    request : Request
        Browsers say that they take `text/html`; API clients ask for JSON or for anything.
    """
    return "text/html" in request.headers.get("accept", "").lower()


def _answer_framework(request: Request, error: Exception) -> Response:
    status = HTTPStatus(getattr(error, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR))
    headers = getattr(error, "headers", None)
    detail = f"no such page or method: {status.phrase}"
    if wants_page(request):
        page = problem_page(
            status,
            "No such page" if status is HTTPStatus.NOT_FOUND else status.phrase,
            "The desk has no page at this address."
            if status is HTTPStatus.NOT_FOUND
            else "The desk does not answer this request.",
        )
        page.headers.update(headers or {})
        return page
    kind = status.phrase.lower().replace(" ", "-")
    return problem_response(
        status, kind, detail, headers=dict(headers) if headers is not None else None
    )


def _answer_unexpected(_request: Request, error: Exception) -> Response:
    # Made outside the middleware that adds the security headers.
    answer = _answer_for(error)
    return problem_response(
        answer.status,
        answer.kind,
        "the program failed; its log says where",
        headers=dict(SECURITY_HEADERS),
    )


def _explain(item: dict[str, Any]) -> ParameterProblem:
    return ParameterProblem(
        parameter=".".join(str(part) for part in item.get("loc", ())),
        rule=str(item.get("msg", "is not valid")),
        value=show_value(item.get("input")),
    )
