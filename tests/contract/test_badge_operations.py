"""The eight badge operations, against Open Loyalty's own document."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.utils import timezone
from jsonschema import Draft7Validator

from badges.models import BadgeType
from loyalty.models import Administrator, Store
from loyalty.tokens import AdminAccessToken
from members.models import Member
from tests.architecture.routes import api_routes
from tests.builders import give_badge, make_badge_type, make_member
from tests.clients import Answer, ApiClient
from tests.contract.conformance import DOCUMENT, check, contract, formats, operations, resolved

MEMBER = "email=anna@example.com"
TEXTS = {"en": {"name": "Silver", "description": "Five visits"}, "pl": {"name": "Srebro"}}
NOBODY = "email=nobody@example.com"


@dataclass(frozen=True)
class Example:
    """A request to one operation and the status that it is to be answered with."""

    operation: str
    status: int
    body: Any = None
    member: str = MEMBER
    badge_type: str = "systemCode=gold"
    store: str = "ALPHA"
    caller: str = "manager"
    query: str = ""

    def __str__(self) -> str:
        sent = json.dumps(self.body)[:60] if self.body is not None else ""
        return f"{self.status} {self.operation} {self.caller} {self.query}{sent}"


_CREATE = {"badgeType": {"systemCode": "silver", "active": True, "translations": TEXTS}}
_UPDATE = {"badgeType": {"active": False, "translations": TEXTS}}
_COUNT = {"badge": {"completedCount": 7}}

EXAMPLES = [
    Example("_memberGetBadgesStatus", 200),
    Example("_memberGetBadgesStatus", 200, caller="member"),
    Example("_memberGetBadgesStatus", 200, member="phone=+48600100200"),
    Example("_memberGetBadgesStatus", 200, member="loyaltyCardNumber=CARD-1"),
    Example("_memberGetBadgesStatus", 400, query="?_page=0"),
    Example("_memberGetBadgesStatus", 401, caller="anonymous"),
    Example("_memberGetBadgesStatus", 403, store="BETA"),
    Example("_memberGetBadgesStatus", 404, member=NOBODY),
    Example("_memberPostBadge", 200, {"systemCode": "gold"}),
    Example("_memberPostBadge", 400, {}),
    Example("_memberPostBadge", 400, {"systemCode": "gold", "count": 2}),
    Example("_memberPostBadge", 401, {"systemCode": "gold"}, caller="anonymous"),
    Example("_memberPostBadge", 403, {"systemCode": "gold"}, caller="viewer"),
    Example("_memberPostBadge", 403, {"systemCode": "gold"}, caller="member"),
    Example("_memberPostBadge", 404, {"systemCode": "no_such"}),
    Example("_memberPostBadge", 404, {"systemCode": "gold"}, member=NOBODY),
    Example("_getBadgeTypeList", 200),
    Example("_getBadgeTypeList", 400, query="?nonsense=1"),
    Example("_getBadgeTypeList", 401, caller="anonymous"),
    Example("_getBadgeTypeList", 403, caller="member"),
    Example("_getBadgeTypeList", 403, store="BETA"),
    Example("_badgeTypePost", 200, _CREATE),
    Example("_badgeTypePost", 200, {"badgeType": {"systemCode": "s", "translations": TEXTS}}),
    Example("_badgeTypePost", 400, {"badgeType": {"systemCode": "gold", "translations": TEXTS}}),
    Example("_badgeTypePost", 400, {"badgeType": {"systemCode": "new"}}),
    Example("_badgeTypePost", 400, {"badgeType": {**_CREATE["badgeType"], "colour": "red"}}),
    Example("_badgeTypePost", 403, _CREATE, caller="viewer"),
    Example("_getBadgeType", 200),
    Example("_getBadgeType", 401, caller="anonymous"),
    Example("_getBadgeType", 403, caller="member"),
    Example("_getBadgeType", 404, badge_type="systemCode=no_such"),
    Example("_getBadgeType", 404, badge_type=str(uuid4())),
    Example("_badgeTypePut", 204, _UPDATE),
    Example("_badgeTypePut", 204, {"badgeType": {"translations": TEXTS}}),
    Example("_badgeTypePut", 400, {"badgeType": {**_UPDATE["badgeType"], "systemCode": "gold"}}),
    Example("_badgeTypePut", 403, _UPDATE, caller="viewer"),
    Example("_badgeTypePut", 404, _UPDATE, badge_type="systemCode=no_such"),
    Example("_badgeTypeActivePost", 204, {"active": False}),
    Example("_badgeTypeActivePost", 400, {"active": "no"}),
    Example("_badgeTypeActivePost", 403, {"active": False}, caller="viewer"),
    Example("_badgeTypeActivePost", 404, {"active": False}, badge_type="systemCode=no_such"),
    Example("_memberBadgePut", 204, _COUNT),
    Example("_memberBadgePut", 204, {"badge": {"completedCount": 0}}),
    Example("_memberBadgePut", 400, {"badge": {"completedCount": -1}}),
    Example("_memberBadgePut", 403, _COUNT, caller="viewer"),
    Example("_memberBadgePut", 404, _COUNT, badge_type="systemCode=no_such"),
    Example("_memberBadgePut", 404, _COUNT, member=NOBODY),
]
# The vendor lists 400 for this one and does not say when: it takes no parameter that can be bad.
NO_EXAMPLE = {("_getBadgeType", 400)}


@pytest.fixture
def callers(
    as_manager: ApiClient, as_viewer: ApiClient, as_member: ApiClient, anonymous: ApiClient,
    store: Store, member: Member, badge_type: BadgeType,
) -> dict[str, ApiClient]:  # fmt: skip
    give_badge(store, member, badge_type)
    return {
        "manager": as_manager, "viewer": as_viewer, "member": as_member, "anonymous": anonymous,
    }  # fmt: skip


def send(callers: dict[str, ApiClient], example: Example) -> Answer:
    method, path, _ = operations()[example.operation]
    url = path.format(storeCode=example.store, member=example.member, badgeType=example.badge_type)
    client = callers[example.caller]
    return client.request(method.upper(), f"{url}{example.query}", example.body)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_answers_are_as_the_contract_has_them(
    example: Example, callers: dict[str, ApiClient]
) -> None:
    answer = send(callers, example)

    assert answer.status_code == example.status, answer.content
    check(answer, example.operation)


def test_every_documented_status_has_an_example() -> None:
    documented = {
        (name, int(status))
        for name, (_, _, operation) in operations().items()
        for status in operation["responses"]
    }

    assert len(operations()) == 8
    shown = {(example.operation, example.status) for example in EXAMPLES}
    assert documented - shown == NO_EXAMPLE


def test_every_body_of_an_accepted_example_is_one_of_the_contract() -> None:
    """So that the examples are a client's of Open Loyalty, and not only ours."""
    for example in EXAMPLES:
        if example.body is None or example.status >= 400:
            continue
        _, _, operation = operations()[example.operation]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        validator = Draft7Validator({**schema, "components": contract()["components"]})
        validator.validate(example.body)


def test_we_serve_all_of_them_under_their_names() -> None:
    ours = {
        route.operation.id: (route.method, route.pattern)
        for route in api_routes()
        if route.operation.id in operations()
    }

    assert {name: (method, _as_template(pattern)) for name, (method, pattern) in ours.items()} == {
        name: (method, path) for name, (method, path, _) in operations().items()
    }


def _as_template(pattern: str) -> str:
    for ours, theirs in {
        "<store_code:store_code>": "{storeCode}",
        "<member:member>": "{member}",
        "<badge_type:badge_type>": "{badgeType}",
    }.items():
        pattern = pattern.replace(ours, theirs)
    return f"/{pattern}"


# --- Parameters ---------------------------------------------------------------------------------

Given = Callable[[BadgeType], str]

# How a client of Open Loyalty would write each query parameter; each finds the one badge there is.
PARAMETERS: dict[str, list[Given]] = {
    "badgeTypeId": [lambda b: f"badgeTypeId={b.id}"],
    "badgeType:badgeTypeId": [lambda b: f"badgeType:badgeTypeId={b.id}"],
    "name": [lambda _: "name=Gold", lambda _: "name[eq]=Gold", lambda _: "name[like]=oL"],
    "badgeType:name": [lambda _: "badgeType:name=Gold", lambda _: "badgeType:name[like]=gold"],
    "systemCode": [lambda _: "systemCode=gold", lambda _: "systemCode[in]=gold,silver"],
    "badgeType:systemCode": [
        lambda _: "badgeType:systemCode=gold", lambda _: "badgeType:systemCode[eq]=gold",
    ],
    "active": [lambda _: "active=true", lambda _: "active[eq]=true"],
    "badgeType:active": [lambda _: "badgeType:active=true", lambda _: "badgeType:active[eq]=1"],
    "createdAt": [
        lambda _: "createdAt[gte]=2020-01-01T00:00:00%2B02:00",
        lambda _: "createdAt[lt]=2100-01-01",
    ],
    "updatedAt": [lambda _: "updatedAt[gt]=2020-01-01T00:00:00Z"],
    "_page": [lambda _: "_page=1"],
    "_itemsOnPage": [lambda _: "_itemsOnPage=1", lambda _: "_itemsOnPage=50"],
    "_orderBy": [lambda _: "_orderBy[name]=asc", lambda _: "_orderBy[createdAt]=desc"],
}  # fmt: skip


def _lists() -> list[tuple[str, str, int]]:
    """Every way to write every parameter of the two lists."""
    return [
        (name, parameter["name"], way)
        for name, (method, _, operation) in operations().items()
        if method == "get"
        for parameter in map(resolved, operation["parameters"])
        if parameter["in"] == "query"
        for way in range(len(PARAMETERS[parameter["name"]]))
    ]


@pytest.mark.parametrize(("operation", "parameter", "way"), _lists())
def test_every_parameter_is_understood(
    operation: str, parameter: str, way: int, callers: dict[str, ApiClient], badge_type: BadgeType
) -> None:
    query = PARAMETERS[parameter][way](badge_type)

    answer = send(callers, Example(operation, 200, query=f"?{query}"))

    check(answer, operation)
    assert answer.status_code == 200, answer.content
    assert [item["name"] for item in answer.json()["items"]] == ["Gold"]
    assert answer.json()["total"] == {"all": 1, "filtered": 1, "estimated": False}


@pytest.mark.parametrize(
    ("operation", "query"),
    [
        (operation, query)
        for operation in ("_getBadgeTypeList", "_memberGetBadgesStatus")
        for query in ("name=Silver", "_page=2", "name[like]=silver", "badgeTypeId=" + str(uuid4()))
    ],
)
def test_a_list_that_finds_nothing_is_empty(
    operation: str, query: str, callers: dict[str, ApiClient]
) -> None:
    answer = send(callers, Example(operation, 200, query=f"?{query}"))

    check(answer, operation)
    assert answer.json()["items"] == []


# --- Statuses that the vendor leaves out ---------------------------------------------------------


def test_a_body_too_large_is_413_in_our_envelope(callers: dict[str, ApiClient]) -> None:
    answer = callers["manager"].request(
        "POST", "/api/ALPHA/badge-type", b'{"badgeType": "' + b"x" * 1_000_001 + b'"}'
    )

    assert (answer.status_code, answer.json()) == (
        413, {"code": 413, "message": "The request body is too large."},
    )  # fmt: skip
    check(answer, "_badgeTypePost")


def test_another_content_type_is_415_in_our_envelope(callers: dict[str, ApiClient]) -> None:
    answer = callers["manager"].request(
        "POST", "/api/ALPHA/badge-type", b"a=b", content_type="application/x-www-form-urlencoded"
    )

    assert (answer.status_code, answer.json()) == (
        415, {"code": 415, "message": "Send the body as application/json in UTF-8."},
    )  # fmt: skip
    check(answer, "_badgeTypePost")


def test_a_get_is_not_refused_for_its_content_type(callers: dict[str, ApiClient]) -> None:
    """One of the vendor's own examples sends a GET so."""
    answer = callers["manager"].request(
        "GET", "/api/ALPHA/badge-type", content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code == 200


def test_a_reused_key_is_422_in_our_envelope(callers: dict[str, ApiClient]) -> None:
    headers = {"Idempotency-Key": "the-same-key"}
    url = f"/api/ALPHA/member/{MEMBER}/badge"
    callers["manager"].post(url, {"systemCode": "gold"}, **headers)

    answer = callers["manager"].post(url, {"systemCode": "other"}, **headers)

    assert (answer.status_code, answer.json()) == (
        422, {"code": 422, "message": "This Idempotency-Key was used for another request."},
    )  # fmt: skip
    check(answer, "_memberPostBadge")


# --- The texts of refusals -----------------------------------------------------------------------

URL = f"/api/ALPHA/member/{MEMBER}/badge"


def test_without_credentials(anonymous: ApiClient, store: Store) -> None:
    answer = anonymous.get(URL)

    assert (answer.status_code, answer.json()) == (401, {"message": "Authentication Required"})


def test_with_an_expired_token(manager: Administrator) -> None:
    token = AdminAccessToken.issue(manager.id, manager.token_version)
    token.set_exp(from_time=timezone.now() - timedelta(days=3), lifetime=timedelta(days=1))

    answer = ApiClient.with_token(str(token)).get(URL)

    assert (answer.status_code, answer.json()) == (
        401, {"code": "401", "message": "Expired JWT Token."},
    )  # fmt: skip


@pytest.mark.parametrize("token", ["a.b.c", "nonsense", "a" * 5000])
def test_with_an_invalid_token(token: str, store: Store) -> None:
    answer = ApiClient.with_token(token).get(URL)

    assert (answer.status_code, answer.json()) == (
        401, {"code": "401", "message": "Invalid JWT Token"},
    )  # fmt: skip


def test_with_bad_credentials(anonymous: ApiClient, manager: Administrator) -> None:
    answer = anonymous.post(
        "/api/admin/login_check", {"username": "manager@example.com", "password": "wrong"}
    )

    assert (answer.status_code, answer.json()) == (401, {"message": "Bad credentials."})


def test_with_a_bad_refresh_token(anonymous: ApiClient, store: Store) -> None:
    for url in ("/api/token/refresh", "/api/ALPHA/token/refresh"):
        answer = anonymous.post(url, {"refresh_token": "0" * 64})

        assert (answer.status_code, answer.json()) == (401, {"message": "Bad credentials."})


def test_without_permission(as_viewer: ApiClient, member: Member, badge_type: BadgeType) -> None:
    answer = as_viewer.post(URL, {"systemCode": "gold"})

    assert (answer.status_code, answer.json()) == (403, {"code": 403, "message": "Forbidden."})


@pytest.mark.parametrize(
    "url",
    ["/api/ALPHA/badge-type/systemCode=no_such", "/api/ALPHA/nonsense", "/api/nonsense", "/api/x/"],
)
def test_where_nothing_is(url: str, as_manager: ApiClient) -> None:
    answer = as_manager.get(url)

    assert (answer.status_code, answer.json()) == (404, {"code": 404, "message": "Not Found"})


def test_with_another_method(as_manager: ApiClient) -> None:
    answer = as_manager.request("DELETE", "/api/ALPHA/badge-type")

    assert (answer.status_code, answer.json()) == (
        405, {"code": "405", "message": "Method Not Allowed."},
    )  # fmt: skip
    assert answer["Allow"] == "GET, HEAD, POST"


def test_a_bad_value_names_its_place(as_manager: ApiClient, store: Store) -> None:
    body = {"badgeType": {"systemCode": "", "translations": TEXTS, "colour": "red"}}

    answer = as_manager.post("/api/ALPHA/badge-type", body)

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "code": 400,
            "message": "Validation failed",
            "errors": [
                {
                    "message": "This value should not be blank.",
                    "parameters": {},
                    "plural": None,
                    "code": "c1051bb4-d103-4f74-8988-acbcafc7fdc3",
                    "path": "badgeType.systemCode",
                },
                {
                    "message": "This form should not contain extra fields.",
                    "parameters": {},
                    "plural": None,
                    "code": "6e5212ed-a197-4339-99aa-5654798a4854",
                    "path": "badgeType.colour",
                },
            ],
        },
    )
    assert not BadgeType.for_store(store).exists()


# --- That the checks can fail --------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body["items"][0].pop("updatedAt"),
        lambda body: body["items"][0].update(colour="red"),
        lambda body: body["items"][0].update(createdAt="yesterday"),
        lambda body: body["items"][0].update(createdAt="2026-01-01 00:00:00"),
        lambda body: body["items"][0].update(badgeTypeId="7"),
        lambda body: body["items"][0].update(completedCount="1"),
        lambda body: body["items"][0]["badgeType"].pop("name"),
        lambda body: body.pop("total"),
        lambda body: body["total"].update(estimated=None),
    ],
)
def test_a_spoilt_answer_is_noticed(
    spoil: Callable[[Any], object], callers: dict[str, ApiClient]
) -> None:
    answer = send(callers, Example("_memberGetBadgesStatus", 200))
    body = answer.json()
    spoil(body)
    spoilt = HttpResponse(json.dumps(body), content_type="application/json")

    with pytest.raises(AssertionError):
        check(spoilt, "_memberGetBadgesStatus")


def test_an_undocumented_status_is_noticed() -> None:
    with pytest.raises(AssertionError, match="answers 201, which is not in the contract"):
        check(HttpResponse("{}", status=201), "_badgeTypePost")


def test_formats_are_checked() -> None:
    assert not formats().conforms("yesterday", "date-time")
    assert DOCUMENT.stat().st_size == 25093  # The vendor's document, unchanged.


# --- Identifiers ---------------------------------------------------------------------------------


def test_whatever_the_contracts_patterns_allow_is_looked_up(
    as_manager: ApiClient, store: Store
) -> None:
    """Names that an Open Loyalty client may send are never refused for their form."""
    odd = "email=o!#$%25&'.*+-@ex=^_`{|}~;.example"
    make_member(store, email="o'neil+x@example.com", phone="+48600", loyalty_card_number="a._-Z")
    make_badge_type(store, "-_-")

    found = [
        as_manager.get(f"/api/ALPHA/member/{name}").status_code
        for name in ("email=o'neil+x@example.com", "phone=+48600", "loyaltyCardNumber=a._-Z", odd)
    ]

    assert found == [200, 200, 200, 404]
    assert as_manager.get("/api/ALPHA/badge-type/systemCode=-_-").status_code == 200


def test_a_uuid_is_lower_case(as_manager: ApiClient, member: Member) -> None:
    assert as_manager.get(f"/api/ALPHA/member/{member.id}").status_code == 200
    assert as_manager.get(f"/api/ALPHA/member/{str(member.id).upper()}").status_code == 404
