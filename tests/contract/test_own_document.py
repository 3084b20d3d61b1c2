"""Our own OpenAPI document says what we answer: every operation, every status that we give it.

The document is made from the endpoints' declarations, so this holds the declarations to the
answers.  An object may have no member that its schema does not name.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from jsonschema import Draft7Validator
from pytest_django import DjangoDbBlocker

from config.management.commands.openapi import document
from tests.architecture.routes import Route, api_routes
from tests.architecture.test_tenant_matrix import CASES, OWN_JOBS, Upload
from tests.architecture.world_activity import SHARED_EVENT
from tests.architecture.worlds import SHARED_EMAIL, RolledBack, World, make_world
from tests.builders import PASSWORD, admin_token, make_administrator, make_role, member_token
from tests.clients import Answer, ApiClient
from tests.contract.conformance import Said, formats

pytestmark = pytest.mark.django_db


def strict(part: Any) -> Any:
    """JSON Schema from OpenAPI 3.0: `nullable` spelled out, and nothing beyond what is named."""
    if isinstance(part, list):
        return [strict(item) for item in part]
    if not isinstance(part, dict):
        return part
    plain = {name: strict(value) for name, value in part.items() if name != "nullable"}
    if part.get("nullable") is True and "type" not in plain:
        return {"anyOf": [plain, {"type": "null"}]}  # An object that is described elsewhere.
    if part.get("nullable") is True:
        if "type" not in plain:
            return {"anyOf": [plain, {"type": "null"}]}
        plain["type"] = [plain["type"], "null"]
    if "properties" in part and "type" in part:
        plain.setdefault("additionalProperties", False)
    return plain


class Document:
    def __init__(self) -> None:
        whole = json.loads(document())
        self.paths: dict[str, Any] = whole["paths"]
        self._components = strict(whole["components"])
        self.operations = {
            operation["operationId"]: operation
            for methods in self.paths.values()
            for operation in methods.values()
        }

    def errors(self, operation_id: str, answer: Said) -> list[str]:
        """What the document did not lead one to expect."""
        declared = self.operations[operation_id]["responses"].get(str(answer.status_code))
        if declared is None:
            return [f"{answer.status_code} is not in the document: {answer.content[:200]!r}"]
        if "content" not in declared:
            return ["a body, where none is declared"] if answer.content else []
        if "application/json" not in declared["content"]:
            return [] if answer["Content-Type"].split(";")[0] in declared["content"] else ["type"]
        schema = strict(declared["content"]["application/json"]["schema"])
        validator = Draft7Validator(
            {**schema, "components": self._components}, format_checker=formats()
        )
        return [
            f"{e.json_path}: {e.message}" for e in validator.iter_errors(json.loads(answer.content))
        ]


@pytest.fixture(scope="module")
def described() -> Document:
    return Document()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), RolledBack():
        yield make_world("ALPHA", "alfakanarie")


def values(world: World) -> dict[str, str]:
    return {
        "store_code": world.code, "member": str(world.twin.id), "job_id": str(world.job.id),
        "import_id": str(world.done_import.id), "transfer_id": str(world.transfer.id),
        "wallet_type_id": str(world.wallet_type.id), "rule_id": str(world.conditions.rule.id),
        "rule_group_id": str(world.conditions.group.id),
        "dry_run_id": str(world.conditions.dry_run.id),
        "list_id": str(world.member_list.id),
        "subscription_id": str(world.subscription.id), "message_id": str(world.message.id),
        "badge_type": f"systemCode={world.badge_type.system_code}",
        "event_type": SHARED_EVENT, "custom_event_id": str(world.custom_event.id),
        "transaction_id": str(world.transaction.id), "store_id": str(world.store.id),
        "admin_id": str(world.manager.id),
        "key_id": str(world.api_key.id), "role_id": str(world.viewing_role.id),
    }  # fmt: skip


BODIES = {
    "adminLoginCheck": {"username": "manager@alfakanarie.example", "password": PASSWORD},
    "memberLoginCheck": {"username": SHARED_EMAIL, "password": f"{PASSWORD} alfakanarie"},
}


def call(
    world: World,
    route: Route,
    client: ApiClient | None = None,
    other: Mapping[str, str] | None = None,
) -> Answer:
    name = route.operation.id
    case = CASES.get(name)
    body = BODIES.get(name, case.body if case else None)
    if name in {"tokenRefresh", "tokenRefreshMember"}:
        token = world.admin_refresh_token if name == "tokenRefresh" else world.refresh_token
        body = {"refresh_token": token}
    own = name == "memberPutPassword"
    token = member_token(world.twin) if own else admin_token(world.manager)
    mine = values(world)
    if name in OWN_JOBS:
        mine["job_id"] = OWN_JOBS[name](world)
    url = route.url(**{**mine, **(other or {})})
    caller = client or ApiClient.with_token(token)
    if isinstance(body, Upload):
        return caller.upload(url, body.encoded())
    return caller.request(route.method.upper(), url, body)


def test_every_route_is_described() -> None:
    described = Document()

    assert {route.operation.id for route in api_routes()} <= described.operations.keys()
    assert len(described.paths) == len({route.pattern for route in api_routes()})


@pytest.mark.parametrize("route", api_routes(), ids=str)
def test_what_succeeds_is_as_described(route: Route, world: World, described: Document) -> None:
    answer = call(world, route)

    assert answer.status_code == route.operation.status
    assert described.errors(route.operation.id, answer) == []
    if route.operation.many:
        assert answer.json()["items"], "An empty list proves nothing."


@pytest.mark.parametrize("route", api_routes(), ids=str)
def test_what_is_refused_is_as_described(route: Route, world: World, described: Document) -> None:
    """Without credentials, without permission, with a bad body, and where nothing is."""
    nobody = ApiClient.with_token(
        admin_token(make_administrator(make_role(name="nothing"), email="nobody@example.org"))
    )
    absent = {
        "event_type": "no_such", "custom_event_id": str(uuid4()), "transaction_id": str(uuid4()),
        "member": "email=nobody@example.org", "badge_type": str(uuid4()), "store_id": str(uuid4()),
        "admin_id": str(uuid4()), "key_id": str(uuid4()), "role_id": "2000000000",
        "job_id": str(uuid4()), "import_id": str(uuid4()), "transfer_id": str(uuid4()),
        "wallet_type_id": str(uuid4()), "rule_id": str(uuid4()),
        "rule_group_id": str(uuid4()), "dry_run_id": str(uuid4()),
        "list_id": str(uuid4()), "subscription_id": str(uuid4()), "message_id": str(uuid4()),
    }  # fmt: skip
    answers = [call(world, route, ApiClient()), call(world, route, nobody)]
    answers += [call(world, route, other={name: absent[name]}) for name in route.parameters
                if name in absent]  # fmt: skip
    if route.operation.body is not None:
        url = route.url(**values(world))
        for body in (b"[]", b"nonsense"):
            token = admin_token(world.manager)
            answers.append(ApiClient.with_token(token).request(route.method.upper(), url, body))
    if route.operation.search is not None:
        url = f"{route.url(**values(world))}?nonsense=1"
        answers.append(ApiClient.with_token(admin_token(world.manager)).get(url))

    for answer in answers:
        assert described.errors(route.operation.id, answer) == [], answer.content


def test_a_member_that_is_not_described_is_noticed(world: World, described: Document) -> None:
    route = next(route for route in api_routes() if route.operation.id == "memberGet")
    answer = call(world, route)
    spoilt = HttpResponse(json.dumps({**answer.json(), "password": "x"}))

    assert described.errors("memberGet", answer) == []
    assert described.errors("memberGet", spoilt) != []
