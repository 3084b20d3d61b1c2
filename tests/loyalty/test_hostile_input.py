"""No input whatever makes a 5xx, and none that is refused leaves a trace.

The corpus is tried on every route that reads a body, every list and every path parameter, all of
them found through the resolver.
"""

import base64
import bz2
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import connection
from django.http import QueryDict
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker
from rest_framework.exceptions import ParseError

from badges.api.openloyalty.search import BadgeTypeSearch
from loyalty.api.listing import MAX_PAGE, MAX_SIZE, read_list_query
from loyalty.api.parsing import MAX_DEPTH, MAX_INTEGER_DIGITS, parse_json
from loyalty.api.uploads import UploadViewSet
from loyalty.errors import Invalid
from members.api.search import MemberSearch
from tests.architecture.routes import Route, api_routes
from tests.architecture.test_tenant_matrix import CASES
from tests.architecture.world_activity import SHARED_EVENT
from tests.architecture.worlds import RolledBack, World, fingerprint, make_world
from tests.builders import admin_token, make_administrator, make_role, member_token
from tests.clients import Answer, ApiClient

pytestmark = pytest.mark.django_db

JSON = "application/json"


def is_refused(answer: Answer, *statuses: int) -> bool:
    """Whether the answer is one of these statuses in the API's own envelope."""
    if answer.status_code not in statuses or answer["Content-Type"] != JSON:
        return False
    body = answer.json()
    if not isinstance(body.get("message"), str):
        return False
    if answer.status_code == 401:
        return True
    errors = body.get("errors", [])
    return int(body["code"]) == answer.status_code and all(
        error.keys() == {"message", "parameters", "plural", "code", "path"} for error in errors
    )


# --- The stage ----------------------------------------------------------------------------------


@dataclass
class Stage:
    world: World
    admin: ApiClient
    member: ApiClient
    before: tuple[Any, ...]

    def url(self, route: Route, **other: str) -> str:
        values = {
            "store_code": self.world.code,
            "member": str(self.world.twin.id),
            "badge_type": str(self.world.badge_type.id),
            "store_id": str(self.world.store.id),
            "admin_id": str(self.world.manager.id),
            "key_id": str(self.world.api_key.id),
            "role_id": str(self.world.viewing_role.id),
            "job_id": str(self.world.job.id),
            "import_id": str(self.world.done_import.id),
            "event_type": SHARED_EVENT,
            "custom_event_id": str(self.world.custom_event.id),
            "transaction_id": str(self.world.transaction.id),
            "transfer_id": str(self.world.transfer.id),
            "wallet_type_id": str(self.world.wallet_type.id),
            "rule_id": str(self.world.conditions.rule.id),
            "rule_group_id": str(self.world.conditions.group.id),
            "dry_run_id": str(self.world.conditions.dry_run.id),
            "list_id": str(self.world.member_list.id),
            "subscription_id": str(self.world.subscription.id),
            "message_id": str(self.world.message.id),
        }
        return route.url(**{**values, **other})

    def client(self, route: Route) -> ApiClient:
        return self.member if route.operation.id == "memberPutPassword" else self.admin

    def everything(self) -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM loyalty_event), (SELECT count(*) FROM loyalty_store),"
                " (SELECT count(*) FROM loyalty_role), (SELECT count(*) FROM loyalty_apikey),"
                " (SELECT count(*) FROM loyalty_administrator)"
            )
            return (*fingerprint(self.world), *cursor.fetchone())


def make_stage() -> Stage:
    world = make_world("ALPHA", "alfakanarie")
    root = make_administrator(make_role(name="root", is_master=True), email="root@example.org")
    admin = ApiClient.with_token(admin_token(root))
    stage = Stage(world, admin, ApiClient.with_token(member_token(world.twin)), ())
    stage.before = stage.everything()
    return stage


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Stage]:
    """Made once: what is refused must leave it as it is, and what is not is rolled back."""
    with django_db_blocker.unblock(), RolledBack():
        yield make_stage()


# --- Bodies -------------------------------------------------------------------------------------

READERS = [
    route
    for route in api_routes()
    if route.operation.body is not None and not issubclass(route.view, UploadViewSet)
]
UPLOADS = [route for route in api_routes() if issubclass(route.view, UploadViewSet)]


@dataclass(frozen=True)
class Sent:
    """A request body with its type, and the statuses that may refuse it."""

    body: bytes
    statuses: tuple[int, ...] = (400,)
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


def malformed(good: Any) -> dict[str, Sent]:
    """Bodies that no endpoint can read, by name; `good` is one that this endpoint could."""
    text = json.dumps(good)
    raw = text.encode()
    form = "application/x-www-form-urlencoded"
    return {
        "BOM": Sent(b"\xef\xbb\xbf" + raw),
        "bad UTF-8": Sent(raw[:-1] + b',"x":"\xff"}'),
        "overlong UTF-8": Sent(raw[:-1] + b',"x":"\xc0\x80"}'),
        "UTF-8 surrogate": Sent(raw[:-1] + b',"x":"\xed\xa0\x80"}'),
        "cut off": Sent(raw[:-1]),
        "two values": Sent(raw + raw),
        "comma at the end": Sent(raw[:-1] + b",}"),
        "single quotes": Sent(text.replace('"', "'").encode()),
        "comment": Sent(b"/* x */" + raw),
        "array": Sent(b"[" + raw + b"]"),
        "empty array": Sent(b"[]"),
        "null": Sent(b"null"),
        "number": Sent(b"7"),
        "text": Sent(b'"x"'),
        "true": Sent(b"true"),
        "blank": Sent(b"   "),
        "1000 arrays": Sent(b"[" * 1000 + b"]" * 1000),
        "100000 arrays": Sent(b"[" * 100_000 + b"]" * 100_000),
        "100000 arrays, open": Sent(b"[" * 100_000),
        "100000 objects": Sent(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        "depth in a field": Sent(raw[:-1] + b',"x":' + b"[" * 1000 + b"]" * 1000 + b"}"),
        "3 MB": Sent(b'{"x":"' + b"x" * 3_000_000 + b'"}', (413,)),
        "3 MB of nothing": Sent(b" " * 3_000_000, (413,)),
        "same key twice": Sent(raw[:-1] + b"," + raw[1:]),
        "same unknown key twice": Sent(raw[:-1] + b',"x":1,"x":1}'),
        "NaN": Sent(raw[:-1] + b',"x":NaN}'),
        "Infinity": Sent(raw[:-1] + b',"x":-Infinity}'),
        "1e400": Sent(raw[:-1] + b',"x":1e400}'),
        "17 digits": Sent(raw[:-1] + b',"x":12345678901234567}'),
        "5000 digits": Sent(raw[:-1] + b',"x":' + b"9" * 5000 + b"}"),
        "NUL in an unknown value": Sent(raw[:-1] + b',"x":"\\u0000"}'),
        "NUL in a key": Sent(raw[:-1] + b',"x\\u0000":1}'),
        "raw NUL": Sent(raw[:-1] + b',"x":"\x00"}'),
        "half a surrogate in a value": Sent(raw[:-1] + b',"x":"\\ud800"}'),
        "half a surrogate in a key": Sent(raw[:-1] + b',"\\udfff":1}'),
        "unknown field": Sent(raw[:-1] + b',"isMaster":true}'),
        "__class__": Sent(raw[:-1] + b',"__class__":"x"}'),
        "form": Sent(b"systemCode=gold&active=on", (415,), form),
        "JSON called a form": Sent(raw, (415,), form),
        "multipart": Sent(b"--x\r\n\r\n--x--", (415,), "multipart/form-data; boundary=x"),
        "text/plain": Sent(raw, (415,), "text/plain"),
        "no type": Sent(raw, (415,), ""),
        "nonsense type": Sent(raw, (415,), "nonsense"),
        "XML": Sent(b"<a/>", (415,), "application/xml"),
        "json5": Sent(raw, (415,), "application/json5"),
        "utf-16": Sent(text.encode("utf-16"), (415,), f"{JSON}; charset=utf-16"),
        "utf-16 unsaid": Sent(text.encode("utf-16")),
        "latin-1": Sent(raw, (415,), f"{JSON}; charset=latin-1"),
        "bz2 charset": Sent(bz2.compress(raw), (415,), f"{JSON}; charset=bz2_codec"),
        "unknown charset": Sent(raw, (415,), f"{JSON}; charset=nonsense"),
        "gzip": Sent(gzip.compress(raw), (415,), headers=(("Content-Encoding", "gzip"),)),
        "deflate": Sent(raw, (415,), headers=(("Content-Encoding", "deflate"),)),
    }


# Members that may be any positive number, with a point or without.
NUMBERS = {"points"}
# Operations whose body is a list that is judged element by element: each has its own answer.
BATCHES = {
    "pointsPostBatch": "transfers",
    "customEventPostBatch": "events",
    "transactionPostBatch": "transactions",
}


def is_refused_alone(answer: Answer, items: str) -> bool:
    """Whether every element of a batch was answered with the errors that it has."""
    if answer.status_code != 200:
        return False
    errors = [error for item in answer.json()[items] for error in item.get("errors", [{}])]
    return all(
        error.keys() == {"message", "parameters", "plural", "code", "path"} for error in errors
    )


def leaves(value: Any, *path: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every member of the body, each object itself included, with its path."""
    if path:
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(
        value, list) else ()  # fmt: skip
    for name, member in inner:
        yield from leaves(member, *path, name)


def with_leaf(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(body))
    place = copy
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return copy


def spoilt(good: Any) -> dict[str, Any]:
    """The good body with one member made into something that it cannot be, by name."""
    made: dict[str, Any] = {}
    for path, value in leaves(good):
        hostile: list[Any] = [None, 1.5, 2**31, 10**15, -1, {}, {"x": 1}, [[]], [None]]
        if path[-1] in NUMBERS:
            hostile = [None, 0, -1, 1.001, 10**15, 1e300, {}, [], True, "1", ""]
        elif isinstance(value, str):
            hostile = [*hostile, 7, True, [value], "\0", f"{value}\0", "\ud800", "x" * 5000]
        elif isinstance(value, bool):
            hostile = [*hostile, 0, 1, "true", "yes", ""]
        elif isinstance(value, int):
            hostile = [None, 1.0, 1.5, 2**31, -1, {}, [], True, "1", "", str(value)]
        elif isinstance(value, dict):
            hostile = [None, 7, "x", True, [], [value], {**value, "unknown": 1}]
        elif isinstance(value, list):
            objects = bool(value) and isinstance(value[0], dict)
            many = value * (1001 if objects else 20_000) or [7] * 5000
            hostile = [None, 7, "x", True, {}, [None], [[[]]], many]
        for bad in hostile:
            made[f"{'.'.join(map(str, path))} = {str(bad)[:20]!r}"] = with_leaf(good, path, bad)
    return made


@pytest.mark.parametrize("route", READERS, ids=str)
def test_a_malformed_body_is_refused_and_changes_nothing(route: Route, stage: Stage) -> None:
    good = CASES[route.operation.id].body
    wrong = []
    for name, sent in malformed(good).items():
        answer = stage.client(route).request(
            route.method.upper(), stage.url(route), sent.body,
            content_type=sent.content_type, **dict(sent.headers),
        )  # fmt: skip
        if not is_refused(answer, *sent.statuses):
            wrong.append(f"{name}: {answer.status_code} {answer.content[:150]!r}")

    assert not wrong, "\n".join(wrong)
    assert stage.everything() == stage.before


@pytest.mark.parametrize("route", READERS, ids=str)
def test_a_wrong_value_is_refused_and_changes_nothing(route: Route, stage: Stage) -> None:
    good = CASES[route.operation.id].body
    wrong = []
    for name, body in spoilt(good).items():
        answer = stage.client(route).request(route.method.upper(), stage.url(route), body)
        items = BATCHES.get(route.operation.id)
        if not is_refused(answer, 400) and not (items and is_refused_alone(answer, items)):
            wrong.append(f"{name}: {answer.status_code} {answer.content[:150]!r}")

    assert not wrong, "\n".join(wrong)
    assert stage.everything() == stage.before


@pytest.mark.parametrize("route", READERS, ids=str)
def test_the_body_that_the_bad_ones_are_made_from_is_good(route: Route, stage: Stage) -> None:
    """Otherwise every refusal above could have another reason."""
    good = CASES[route.operation.id].body
    with RolledBack():
        answer = stage.client(route).request(route.method.upper(), stage.url(route), good)

    # A login and a refresh are refused for their content, which was read.
    expected = 401 if route.operation.need is None else route.operation.status
    assert answer.status_code == expected, answer.content


def test_an_empty_body_has_no_fields(stage: Stage) -> None:
    for route in READERS:
        with RolledBack():
            answer = stage.client(route).request(route.method.upper(), stage.url(route), b"")

            assert is_refused(answer, 400, 401), route
            assert stage.everything() == stage.before


MULTIPART = "multipart/form-data; boundary=x"


def _part(name: bytes, value: bytes, more: bytes = b"") -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="' + name + b'"' + more
    return head + b"\r\n\r\n" + value + b"\r\n"


_FILE = b'; filename="f.csv"\r\nContent-Type: text/csv'
_END = b"--x--\r\n"
BAD_FORMS = {
    "JSON": Sent(b"{}", (415,)),
    "form": Sent(b"kind=assign", (415,), "application/x-www-form-urlencoded"),
    "text": Sent(b"email\n", (415,), "text/csv"),
    "no type": Sent(b"email\n", (415,), ""),
    "no boundary": Sent(b"--x--", (400,), "multipart/form-data"),
    "bad boundary": Sent(b"--x--", (400,), "multipart/form-data; boundary=\u00e4\n"),
    "boundary of another": Sent(_part(b"kind", b"assign") + _END, (400,), f"{MULTIPART}y"),
    "empty": Sent(b"", (400, 415), MULTIPART),
    "cut off": Sent(_part(b"kind", b"assign"), (400,), MULTIPART),
    "no parts": Sent(_END, (400,), MULTIPART),
    "unknown field": Sent(_part(b"nonsense", b"1") + _END, (400,), MULTIPART),
    "NUL in a field": Sent(_part(b"kind", b"a\0b") + _END, (400,), MULTIPART),
    "NUL in a name": Sent(_part(b"ki\0nd", b"a") + _END, (400,), MULTIPART),
    "bad UTF-8": Sent(_part(b"kind", b"\xff\xfe") + _END, (400,), MULTIPART),
    "a file where a text belongs": Sent(_part(b"kind", b"a", _FILE) + _END, (400,), MULTIPART),
    "a text where a file belongs": Sent(
        _part(b"file", b"email\n") + _part(b"import[file]", b"email\n") + _END, (400,), MULTIPART
    ),
    "a field twice": Sent(_part(b"kind", b"a") * 2 + _END, (400,), MULTIPART),
    "5000 fields": Sent(
        b"".join(_part(b"f%d" % number, b"1") for number in range(5000)) + _END, (400,), MULTIPART
    ),
    "an empty file": Sent(
        _part(b"file", b"", _FILE) + _part(b"import[file]", b"", _FILE) + _END, (400,), MULTIPART
    ),
    "gzip": Sent(gzip.compress(_END), (415,), MULTIPART, (("Content-Encoding", "gzip"),)),
    "base64 junk": Sent(
        _part(b"kind", b"!!!!", b"\r\nContent-Transfer-Encoding: base64") + _END, (400,), MULTIPART
    ),
}


@pytest.mark.parametrize("name", BAD_FORMS)
@pytest.mark.parametrize("route", UPLOADS, ids=str)
def test_a_bad_form_is_refused_and_changes_nothing(route: Route, name: str, stage: Stage) -> None:
    sent = BAD_FORMS[name]

    answer = stage.admin.request(
        "POST", stage.url(route), sent.body, content_type=sent.content_type, **dict(sent.headers)
    )

    assert is_refused(answer, *sent.statuses), (answer.status_code, answer.content)
    assert stage.everything() == stage.before


@pytest.mark.parametrize(
    "name",
    ["-" * 36, "0" * 36, "systemCode=", "systemCode=a\n", "nonsense=1", "", "a" * 400, "=", "id=1"],
)
def test_a_job_on_a_badge_that_cannot_be_is_refused(name: str, stage: Stage) -> None:
    body = {"kind": "assign", "badgeType": name, "members": ["email=a@example.com"]}

    answer = stage.admin.post("/api/ALPHA/job", {"job": body})

    assert is_refused(answer, 400, 404), answer.content
    assert stage.everything() == stage.before


@pytest.mark.parametrize(
    "query",
    ["nonsense=1", "_page=x", "firstName[gt]=a", "a" * 3000, "%00=1", "firstName=%00", "&" * 4000,
     "labels=(", "createdAt=x", ";" * 100, "%ff=%ff", "_scroll=x"],
)  # fmt: skip
def test_a_job_on_a_filter_that_means_nothing_is_refused(query: str, stage: Stage) -> None:
    job = {"kind": "assign", "badgeType": "systemCode=gold", "filter": query}
    with RolledBack():
        answer = stage.admin.post("/api/ALPHA/job", {"job": job})

        # An empty filter finds everybody, as it does in the list.
        assert is_refused(answer, 400) or query == "&" * 4000, answer.content


# --- Queries ------------------------------------------------------------------------------------

LISTS = [route for route in api_routes() if route.operation.search is not None]

BAD_PAGES = [
    "0", "-1", "+1", "1.0", "1e3", "01x", "", " 1", "1 ", "x", "\0", "1\0", "501", "10" * 20,
    str(10**30), "9" * 5000, "٣", "²", "0x1", "null", "true", "\ud800".encode("utf-8", "replace"),
    "NaN", "1_0",
]  # fmt: skip
JUNK = [
    "\0", "a\0b", "%", "_", "\\", "'", '"', "\uffff", "😀", "\u202e", "x" * 300, "x" * 20_000,
    "-1", "99999999999999999999999", "1e400", "NaN", "null", "[]", "{}", "2026-02-30",
    "2026-01-01T25:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
    "2026-01-01T00:00:00+99:99", "00000000-0000-0000-0000-000000000000", ",", ",,", "a,b", "()",
    "(;)", "(a;b),", "(" * 2000, "(a;" * 600, "((((((((;))))))))", "true", " ", "",
]  # fmt: skip
WORST = ["a\0b", "-1", "x" * 300, "0001-01-01T00:00:00+14:00", "99999999999999999999999"]
BAD_PARAMETERS = [
    "nonsense=1", "_orderBy=asc", "_orderBy[]=asc", "_orderBy[nonsense]=asc", "_orderBy[id]=x",
    "_orderBy[createdAt]=ASC%00", "_orderBy[createdAt][x]=asc", "_orderBy[__class__]=asc",
    "_orderBy[pk]=asc", "_orderBy[store__name]=asc", "name[nonsense]=1", "name[]=1", "[name]=1",
    "name[eq=1", "name]=1", "name[like][like]=1", "store_id=1", "_connector=OR", "pk=1",
    "password=1", "id__in=1", "name%00=1", "=1", "%ff=1", "name[eq][in]=1", "_fields=1",
]  # fmt: skip


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_bad_paging_is_refused(route: Route, stage: Stage) -> None:
    for name in ("_page", "_itemsOnPage"):
        for bad in BAD_PAGES:
            query = urlencode({name: bad})
            answer = stage.admin.get(f"{stage.url(route)}?{query}")

            assert is_refused(answer, 400), (query, answer.content)
            assert [error["path"] for error in answer.json()["errors"]] == [name]
    assert is_refused(stage.admin.get(f"{stage.url(route)}?_itemsOnPage=51"), 400)
    assert stage.admin.get(f"{stage.url(route)}?_page=500&_itemsOnPage=50").status_code == 200


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_parameters_that_are_not_there_are_refused(route: Route, stage: Stage) -> None:
    known = route.operation.search.base_filters
    for bad in BAD_PARAMETERS:
        if bad.partition("=")[0] in known:
            continue
        answer = stage.admin.get(f"{stage.url(route)}?{bad}")

        assert is_refused(answer, 400), (bad, answer.status_code, answer.content)


def _kind(search: Any, name: str) -> tuple[Any, str]:
    """How the filter reads its value, and what it does with it."""
    field, bracket, operator = name.partition("[")
    term = search.terms.get(field)
    return (getattr(term, "field", name), bracket + operator)


def _first_of_each_kind() -> set[tuple[str, str]]:
    """(operation, filter): one for each way to read a value, to try all the junk on."""
    kinds: dict[Any, tuple[str, str]] = {}
    for route in LISTS:
        for name in route.operation.search.base_filters:
            kinds.setdefault(_kind(route.operation.search, name), (route.operation.id, name))
    return set(kinds.values())


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_no_value_of_a_filter_is_a_server_error(route: Route, stage: Stage) -> None:
    """All of the junk on one filter of each kind, the worst of it on every one."""
    thorough = _first_of_each_kind()
    wrong = []
    for name in (*route.operation.search.base_filters, "_locale"):
        whole = (route.operation.id, name) in thorough or name == "_locale"
        for junk in JUNK if whole else WORST:
            query = urlencode({name: junk})
            with RolledBack():
                answer = stage.admin.get(f"{stage.url(route)}?{query}")
            if answer.status_code != 200 and not is_refused(answer, 400):
                wrong.append(f"{query[:80]}: {answer.status_code} {answer.content[:150]!r}")
            if "\0" in junk and not is_refused(answer, 400):
                wrong.append(f"{query}: NUL is accepted")

    assert not wrong, "\n".join(wrong)


def test_a_filter_is_given_once(stage: Stage) -> None:
    answer = stage.admin.get("/api/ALPHA/badge-type?name=a&name=b")

    assert is_refused(answer, 400)
    assert [error["path"] for error in answer.json()["errors"]] == ["name"]


@pytest.mark.parametrize(
    "token",
    [
        "x", "=", "e30=", "W10=", "\0", "é", "a" * 20_000,
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b'{"createdAt":"0001-01-01T00:00:00+14:00","id":"x"}').decode(),
        base64.urlsafe_b64encode(b'{"createdAt":"2026-01-01","id":"' + b"0" * 32 + b'"}').decode(),
        base64.urlsafe_b64encode(b'{"createdAt":7,"id":7}').decode(),
        base64.urlsafe_b64encode(b'{"createdAt":"2026-01-01T00:00:00Z","id":{}}').decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"NaN").decode(),
    ],
)  # fmt: skip
def test_a_scroll_token_that_was_made_up_is_refused(token: str, stage: Stage) -> None:
    answer = stage.admin.get(f"/api/ALPHA/member?{urlencode({'_scroll': token})}")

    assert is_refused(answer, 400), answer.content
    assert [error["path"] for error in answer.json()["errors"]] == ["_scroll"]


# --- Paths --------------------------------------------------------------------------------------

BAD_SEGMENTS = [
    "%00", "x%00", "%ff", "%c0%80", "%ed%a0%80", "%0a", "x%0d%0a", "%2e%2e", "..", ".", "%2f",
    "x%2fy", "%", "%zz", "x" * 5000, "😀", "%25", "'", "%22", "%3f", "systemCode=",
    "systemCode=%00", "systemCode=a%0a", "email=", "email=a%00@example.com",
    "email=%ff@example.com", "phone=",
    "phone=x", "phone=%00", "loyaltyCardNumber=", "loyaltyCardNumber=%0a", "nonsense=1",
    "ffffffff-ffff-ffff-ffff-fffffffffff", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "-1",
    "99999999999999999999", "9" * 5000, "²",
]  # fmt: skip


@pytest.mark.parametrize("route", [route for route in api_routes() if route.parameters], ids=str)
def test_junk_in_a_path_finds_nothing(route: Route, stage: Stage) -> None:
    case = CASES.get(route.operation.id)
    wrong = []
    for name in route.parameters:
        for junk in BAD_SEGMENTS:
            url = stage.url(route, **{name: quote(junk, safe="%/.'=@+")})
            answer = stage.client(route).request(
                route.method.upper(), url, case.body if case else None
            )
            # 405 and 403: the junk may make it another route or another store.
            if not is_refused(answer, 404, 405, 403, 401):
                wrong.append(f"{url[:100]}: {answer.status_code} {answer.content[:100]!r}")

    assert not wrong, "\n".join(wrong)
    assert stage.everything() == stage.before


def test_a_role_beyond_any_number_is_not_found(stage: Stage) -> None:
    for number in ("2147483648", "9223372036854775808", "9" * 30, "9" * 4300, "9" * 5000):
        assert is_refused(stage.admin.get(f"/api/acl/role/{number}"), 404)


# --- Headers ------------------------------------------------------------------------------------


def _jwt(header: str, payload: str) -> str:
    parts = (header.encode(), payload.encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@pytest.mark.parametrize(
    "value",
    [
        "Bearer", "Bearer ", "Bearer .", "Bearer ..", "Bearer a.b.c", "bearer \xff\xfe",
        "Bearer " + "." * 4000, "Bearer " + "a" * 100_000, "Basic YTpi", "\0", "Bearer \ud83d",
        "Bearer " + _jwt("{}", "{}"),
        "Bearer " + _jwt('{"alg":"RS256"}', "[]"),
        "Bearer " + _jwt('{"alg":"RS256"}', "null"),
        "Bearer " + _jwt('{"alg":"RS256"}', "{" * 3),
        "Bearer " + _jwt('{"alg":"RS256"}', "[" * 2500),
        "Bearer " + _jwt("[" * 2500, "{}"),
        "Bearer " + _jwt('{"alg":"RS256"}', '{"token_type":["admin"]}'),
        "Bearer " + _jwt('{"alg":"RS256"}', '{"token_type":{"a":1}}'),
        "Bearer " + _jwt('{"alg":["RS256"]}', '{"token_type":"admin"}'),
        "Bearer " + _jwt('{"alg":null}', '{"token_type":"admin"}'),
        "Bearer " + _jwt('{"alg":"RS256"}', '{"token_type":"admin","exp":1e400}'),
        "Bearer " + _jwt('{"alg":"RS256"}', '{"token_type":"admin","tv":' + "9" * 2500 + "}"),
    ],
)  # fmt: skip
def test_a_strange_authorization_is_401(value: str, stage: Stage) -> None:
    answer = ApiClient(Authorization=value).get("/api/ALPHA/badge-type")

    assert is_refused(answer, 401)


@pytest.mark.parametrize(
    "value", ["x", "rsk_", "_", "__", "rsk_x_\xff", "a" * 100_000, "rsk_" * 1000, "\0", "a_\0_b"]
)
def test_a_strange_key_is_401(value: str, stage: Stage) -> None:
    for answer in (
        ApiClient.with_key(value).get("/api/ALPHA/badge-type"),
        ApiClient().get(f"/api/ALPHA/badge-type?{urlencode({'auth_token': value})}"),
    ):
        assert is_refused(answer, 401), answer.content


def test_a_strange_method_is_405(stage: Stage) -> None:
    for method in ("OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 500, "POST "):
        answer = stage.admin.request(method, "/api/ALPHA/badge-type/count")

        assert is_refused(answer, 405) or method == "get", method


def test_a_strange_host_is_400_in_our_envelope(stage: Stage) -> None:
    """The address of an uploaded icon is made from the host."""
    url = f"/api/ALPHA/badge-type/{stage.world.badge_type.id}/attributes"
    with RolledBack():
        icon = f"/icon/{stage.world.store.id}.svg"
        assert stage.admin.patch(url, {"attributes": {"icon": icon}}).status_code == 200

        for host in ("evil.example", "a\0b", "x" * 5000, "[::1", "a b"):
            assert is_refused(stage.admin.get(url, Host=host), 400)


# --- Values that are well formed and yet harm ----------------------------------------------------


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00",
        "9999-12-31T23:59:59.999999", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+24:00", "-0001-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z", "2026-W01", "2026-03-29T02:30:00", "0001-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_no_moment_that_is_taken_in_breaks_the_list_that_it_is_in(
    moment: str, stage: Stage
) -> None:
    with RolledBack():
        customer = {"email": "new@example.org", "registeredAt": moment}
        made = stage.admin.post("/api/ALPHA/member", {"customer": customer})
        key = {"apiKey": {"name": "x", "expirationDate": moment}}
        keys = f"/api/admin/{stage.world.manager.id}/api-key"
        made_key = stage.admin.post(keys, key)

        for answer in (made, made_key):
            assert answer.status_code == 200 or is_refused(answer, 400), answer.content
        assert stage.admin.get("/api/ALPHA/member").status_code == 200
        assert stage.admin.get(keys).status_code == 200


@pytest.mark.parametrize(
    "icon",
    [
        "https://[", "https://[::1", "https://", "https:///x", "http://a.example/x", "//a.example",
        "javascript:alert(1)", "data:image/svg+xml,x", "https://a\nb", "https://a b.example",
        "/icon/x.svg", "/admin", "https://\u2100.example", "https://a:99999999/", "https://@",
        "https://user:secret@a.example/x", "\thttps://a.example",
    ],
)  # fmt: skip
def test_no_address_of_an_icon_breaks_the_server(icon: str, stage: Stage) -> None:
    url = f"/api/ALPHA/badge-type/{stage.world.badge_type.id}/attributes"
    with RolledBack():
        answer = stage.admin.patch(url, {"attributes": {"icon": icon}})

        assert is_refused(answer, 400), answer.content
        assert stage.everything() == stage.before


@pytest.mark.parametrize("number", ["12\n", "12 ", "\uff11\uff12", "", "+" * 33])
def test_a_phone_number_has_its_form_to_the_last_character(number: str, stage: Stage) -> None:
    customer = {"email": "new@example.org", "phone": number}

    with RolledBack():
        answer = stage.admin.post("/api/ALPHA/member", {"customer": customer})

    assert is_refused(answer, 400), answer.content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("loyaltyCardNumber", "A1\n"), ("loyaltyCardNumber", "ä"), ("email", "a@b"),
        ("email", "a b@example.com"), ("address", {"country": "PL\n"}),
        ("address", {"country": "pl"}), ("birthDate", "2026-02-30"),
        ("birthDate", "2026-01-01T00:00"), ("gender", "other"),
        ("labels", [{"key": "", "value": ""}]), ("labels", [{"key": "a"}]),
        ("labels", [{"key": "a", "value": "b"}] * 101), ("company", {"tax": "x"}),
    ],
)  # fmt: skip
def test_a_members_field_has_its_form(field: str, value: Any, stage: Stage) -> None:
    customer = {"email": "new@example.org", field: value}

    with RolledBack():
        answer = stage.admin.post("/api/ALPHA/member", {"customer": customer})

    assert is_refused(answer, 400), answer.content
    assert answer.json()["errors"][0]["path"].startswith(f"customer.{field}")


# --- Properties ---------------------------------------------------------------------------------

QUIET = settings(
    max_examples=300, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def expected(body: bytes) -> tuple[bool, Any]:
    """Whether the body is JSON that we take, and its value: the rules once more, naively."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_raise, parse_int=_digits)
    except (ValueError, RecursionError):
        return False, None
    return (True, _plain(value)) if _is_taken(value, 0) else (False, None)


class _Pairs(list[tuple[str, Any]]):
    """An object with its members as they stand, repetitions included."""


def _raise(name: str) -> Any:
    raise ValueError(name)


def _digits(text: str) -> int:
    if len(text.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise ValueError(text)
    return int(text)


def _is_taken(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float):
        return abs(value) != float("inf")
    if not isinstance(value, list):
        return True
    if depth == MAX_DEPTH:
        return False
    if isinstance(value, _Pairs):
        keys = [key for key, _ in value]
        return len(set(keys)) == len(keys) and all(
            _is_taken(key, depth) and _is_taken(inner, depth + 1) for key, inner in value
        )
    return all(_is_taken(inner, depth + 1) for inner in value)


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {key: _plain(inner) for key, inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


TEXTS = st.text(st.characters(), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
    | st.integers(-(10**17), 10**17),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A JSON text, sometimes deep, sometimes with a byte or two put in, taken out or replaced."""
    text = json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans()))
    levels = draw(st.sampled_from([0, 0, 0, 1, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1]))
    body = b"[" * levels + text.encode("utf-8", "surrogatepass") + b"]" * levels
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        at = draw(st.integers(0, len(body)))
        piece = draw(
            st.sampled_from(
                [
                    b"",
                    b'"',
                    b",",
                    b"{",
                    b"}",
                    b"[",
                    b"]",
                    b"\\",
                    b"\0",
                    b"\xff",
                    b'"a":1,"a":2',
                    b"\\ud800",
                    b" ",
                    b"1",
                    b"e9",
                    b"NaN",
                ]
            )
        )
        body = body[:at] + piece + body[at + draw(st.integers(0, 1)) :]
    return body


@QUIET
@given(bodies())
@example(b'{"a":1,"a":1}')
@example(b'["\\ud83d\\ude00"]')
@example(b'["\\ude00\\ud83d"]')
@example(b"\xef\xbb\xbf1")
@example(b'"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["')
@example(b'"\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["')
@example(b"[1e999]")
@example(b"-0")
def test_the_parser_takes_json_and_nothing_else(body: bytes) -> None:
    taken, value = expected(body)

    if not taken:
        with pytest.raises(ParseError):
            parse_json(body)
    else:
        assert repr(parse_json(body)) == repr(value)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
def test_depth_is_counted_to_the_level(depth: int) -> None:
    body = b"[" * depth + b"]" * depth
    if depth > MAX_DEPTH:
        with pytest.raises(ParseError):
            parse_json(body)
    else:
        assert json.dumps(parse_json(body)).encode() == body


@QUIET
@given(st.text(max_size=12) | st.integers().map(str), st.text(max_size=12) | st.integers().map(str))
def test_only_whole_numbers_in_range_are_pages(page: str, size: str) -> None:
    params = QueryDict(mutable=True)
    params["_page"], params["_itemsOnPage"] = page, size
    good = [
        text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= most
        for text, most in ((page, MAX_PAGE), (size, MAX_SIZE))
    ]

    if all(good):
        query = read_list_query(params, BadgeTypeSearch, None)
        assert (query.page, query.size) == (int(page), int(size))
    else:
        with pytest.raises(Invalid):
            read_list_query(params, BadgeTypeSearch, None)


SORTABLE = ["badgeTypeId", "name", "systemCode", "active", "createdAt", "updatedAt"]


@QUIET
@given(
    st.sampled_from(SORTABLE) | st.text(max_size=12),
    st.sampled_from(["asc", "desc"]) | st.text(max_size=5),
)
def test_only_what_is_listed_can_be_sorted_by(field: str, direction: str) -> None:
    params = QueryDict(mutable=True)
    params[f"_orderBy[{field}]"] = direction

    if field in SORTABLE and direction in {"asc", "desc"}:
        assert len(read_list_query(params, BadgeTypeSearch, None).order_by) == 1
    else:
        with pytest.raises(Invalid):
            read_list_query(params, BadgeTypeSearch, None)


@settings(QUIET, max_examples=150)
@given(
    st.sampled_from(["badge-type", "member"]),
    st.data(),
    st.text(max_size=20) | st.datetimes().map(str) | st.integers().map(str) | st.uuids().map(str),
)
def test_any_text_in_any_filter_is_an_answer(
    stage: Stage, kind: str, data: st.DataObject, value: str
) -> None:
    searches: dict[str, Any] = {"badge-type": BadgeTypeSearch, "member": MemberSearch}
    name = data.draw(st.sampled_from(sorted(searches[kind].base_filters)))

    query = urlencode({name: value}, errors="replace")
    answer = stage.admin.get(f"/api/ALPHA/{kind}?{query}")

    assert answer.status_code == 200 or is_refused(answer, 400)
