"""The OpenAPI document: valid, complete, and every example is an answer of its type."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.openapi.models import OpenAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from surveillance.api import examples
from surveillance.api.app import create_app
from surveillance.api.copiers import CommandTaken
from surveillance.api.problems import Problem
from surveillance.findings import Graph, Group, LagHistogram
from surveillance.store import Store
from surveillance.store.copying import Checked, Copier, CopierPage
from surveillance.store.copying.figures import CopierFidelity, CopierLatency
from surveillance.store.live.answers import DeadLetterPage, ReconciliationPage, StreamPage
from surveillance.store.records import (
    AccountDetail,
    AccountPage,
    EpisodePage,
    GroupPage,
    RunDetail,
    RunPage,
    TimelinePage,
)

ANSWERS: dict[str, type[Any]] = {
    "/v1/groups": GroupPage,
    "/v1/groups/{group_id}": Group,
    "/v1/groups/{group_id}/episodes": EpisodePage,
    "/v1/groups/{group_id}/graph": Graph,
    "/v1/groups/{group_id}/lag-histogram": LagHistogram,
    "/v1/groups/{group_id}/timeline": TimelinePage,
    "/v1/accounts": AccountPage,
    "/v1/accounts/{account_id}": AccountDetail,
    "/v1/runs": RunPage,
    "/v1/runs/{run_id}": RunDetail,
    "/v1/streams": StreamPage,
    "/v1/streams/{stream}/reconciliation": ReconciliationPage,
    "/v1/streams/{stream}/dead-letters": DeadLetterPage,
    "/v1/copiers": CopierPage,
    "/v1/copiers/{plan_id}": Copier,
    "/v1/copiers/{plan_id}/fidelity": CopierFidelity,
    "/v1/copiers/{plan_id}/latency": CopierLatency,
}
WRITE_ANSWERS: dict[str, tuple[str, type[Any]]] = {
    "/v1/copiers": ("201", Copier),
    "/v1/copiers/{plan_id}/verify": ("200", Checked),
    "/v1/copiers/{plan_id}/commands": ("202", CommandTaken),
}
OPERATIONS = [
    *(("get", path, "200", kind) for path, kind in ANSWERS.items()),
    *(("post", path, *answer) for path, answer in WRITE_ANSWERS.items()),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('openapi')}/store.db") as store:
        yield create_app(store)


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    OpenAPI.model_validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_reference_points_at_a_schema(document: dict[str, Any]) -> None:
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= schemas
    assert "#/components/schemas/HTTPValidationError" not in schemas


def test_the_document_covers_the_api_and_not_the_desk(document: dict[str, Any]) -> None:
    health = {("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics")}
    assert {(method, path) for method, path, _ in operations_of(document)} == {
        *((method, path) for method, path, *_ in OPERATIONS),
        *health,
    }
    operations = [operation for _, _, operation in operations_of(document)]
    identifiers = [operation["operationId"] for operation in operations]
    assert len(set(identifiers)) == len(identifiers)
    assert all(operation["description"] for operation in operations)


@pytest.mark.parametrize(("method", "path", "status", "kind"), OPERATIONS)
def test_every_example_is_an_answer_of_its_type(
    document: dict[str, Any], method: str, path: str, status: str, kind: type[Any]
) -> None:
    answers = document["paths"][path][method]["responses"]
    content = answers[status]["content"]["application/json"]
    adapter = TypeAdapter(kind)
    answer = adapter.validate_python(content["example"])
    assert adapter.dump_python(answer, mode="json") == content["example"]
    assert content["schema"] == {"$ref": f"#/components/schemas/{kind.__name__}"}


def test_the_example_group_has_the_fields_of_the_contract(document: dict[str, Any]) -> None:
    content = document["paths"]["/v1/groups/{group_id}"]["get"]["responses"]["200"]["content"]
    assert list(content["application/json"]["example"]) == [
        "group_id",
        "verdict",
        "subtype",
        "probability",
        "state",
        "recommended_action",
        "leader_account_id",
        "source_off_venue",
        "log10_e",
        "chance_groups_per_year",
        "members",
        "ties",
        "reasons",
        "episodes",
        "first_time_ns",
        "last_time_ns",
        "instruments",
        "declaration",
        "run",
        "features",
    ]


def test_every_error_is_documented_as_problem_details(document: dict[str, Any]) -> None:
    for _, _, operation in operations_of(document):
        for status, answer in operation["responses"].items():
            if not status.startswith("2"):
                assert list(answer["content"]) == ["application/problem+json"]
    schema = document["components"]["schemas"]["Problem"]
    example = {
        name: part["examples"][0]
        for name, part in schema["properties"].items()
        if ("examples" in part)
    }
    Problem.model_validate(example)


def test_no_page_that_loads_foreign_scripts_is_served(app: FastAPI) -> None:
    paths = {route.path for route in app.routes if isinstance(route, APIRoute)}
    assert not paths & {"/docs", "/redoc"}


def test_every_path_of_the_api_has_an_example() -> None:
    assert set(examples.EXAMPLES) == set(ANSWERS)
    assert set(examples.WRITE_EXAMPLES) == set(WRITE_ANSWERS)


def test_examples_agree_with_each_other() -> None:
    (row,) = examples.GROUP_PAGE.groups
    assert row.group_id == examples.GROUP.group_id
    assert examples.RUN_DETAIL.manifest.run_id == examples.GROUP.run.run_id
