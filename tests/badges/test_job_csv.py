"""Jobs from CSV files."""

import io
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.http import HttpResponse
from django.utils import timezone

from badges.models import BadgeType, MemberBadge
from badges.services.job_tables import preview
from loyalty.api import uploads
from loyalty.models import Event, EventName, Job, JobRow, Store
from loyalty.selectors.reports import harmless
from loyalty.services.jobs import lines
from members.models import ExternalIdentifier, ExternalKind, Member
from tests.badges.csv_corpus import CORPUS, File
from tests.badges.test_jobs import work
from tests.builders import make_badge_type, make_member
from tests.clients import ApiClient

CSV = "/api/ALPHA/job/csv"
EXTRA = "This form should not contain extra fields."
TOO_HIGH = "This value should be less than or equal to 2147483647."


def send(client: ApiClient, content: bytes, *, headers: Any = None, **form: Any) -> HttpResponse:
    form = {"kind": "assign", "badgeType": "systemCode=gold"} | form
    file = ContentFile(content, name="members.csv")
    return client.upload(CSV, {**form, "file": file}, **(headers or {}))


def violations(response: HttpResponse) -> list[tuple[str, str]]:
    assert response.status_code == 400, response.content
    return [(error["path"], error["message"]) for error in response.json()["errors"]]


def held(store: Store) -> dict[Any, int]:
    found = MemberBadge.for_store(store).values_list("member_id", "completed_count")
    return dict(found)


@pytest.fixture
def warsaw(store: Store) -> Store:
    Store.objects.filter(id=store.id).update(timezone="Europe/Warsaw")
    return store


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_a_file_as_people_send_it(
    as_manager: ApiClient, warsaw: Store, badge_type: BadgeType, file: File
) -> None:
    sent = send(as_manager, file.content, kind=file.kind)

    if file.refused:
        assert [message for _, message in violations(sent)] == [file.refused]
        assert not Job.for_store(warsaw).exists()
        assert not JobRow.across_stores.exists()
        return
    assert sent.status_code == 202, sent.content
    rows = JobRow.for_job(Job.for_store(warsaw).get()).order_by("line")
    good = rows.filter(problem="")
    assert list(good.values_list("line", "identifier_key", "identifier", "data")) == file.accepted
    assert list(rows.exclude(problem="").values_list("line", "problem")) == file.rejected
    job = Job.for_store(warsaw).get()
    assert (job.total, job.rejected) == (rows.count(), len(file.rejected))


def test_a_file_is_worked_on_and_its_bad_lines_are_reported(
    as_manager: ApiClient, store: Store, other_store: Store, badge_type: BadgeType
) -> None:
    anna = make_member(store, email="anna@example.com")
    bert = make_member(store, phone="+48600100200")
    carl = make_member(store, loyalty_card_number="00123")
    dora = make_member(store)
    address = "0x52908400098527886e0f7030069857d2e4169ee7"
    ExternalIdentifier.across_stores.create(
        store=store, member=dora, kind=ExternalKind.WALLET_ADDRESS, value=address
    )
    make_member(other_store, email="other@example.com")
    content = (
        "member id;email;phone;card;wallet address;count;reason\r\n"
        ";ANNA@example.com;;;;2;Ten visits\r\n"
        ";;+48600100200;;;;\r\n"
        ';;;="00123";;3;\r\n'
        f";;;;{address.upper().replace('X', 'x')};4;\r\n"
        ";other@example.com;;;;;\r\n"
        ";=1+1;;;;;\r\n"
        ";anna@example.com;;;;;again\r\n"
        ";anna@example.com;;;;many;\r\n"
    ).replace("card", "loyalty card number")

    url = f"/api/ALPHA/job/{send(as_manager, content.encode()).json()['jobId']}"
    work()

    assert held(store) == {anna.id: 2, bert.id: 1, carl.id: 3, dora.id: 4}
    assert held(other_store) == {}
    report = b"".join(as_manager.get(f"{url}/report").streaming_content).decode()
    assert report.splitlines() == [
        "line,member,problem,text",
        "6,email=other@example.com,There is no such member.,",
        "7,email==1+1,There is no such member.,",
        "8,email=anna@example.com,The member was named before in this job.,",
        "9,,count is not a whole number from 1 to 2147483647.,;anna@example.com;;;;many;",
    ]
    job = as_manager.get(url).json()
    assert [job[name] for name in ("state", "total", "processed", "changed", "rejected")] == [
        "done", 8, 8, 4, 4,
    ]  # fmt: skip
    created = Event.for_store(store).get(name=EventName.JOB_CREATED)
    assert created.data == {"kind": "assign", "total": 8}


def test_what_a_line_says_goes_before_what_the_job_says(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    make_member(store, email="anna@example.com")
    bert = make_member(store, email="bert@example.com")

    send(as_manager, b"email,count\nanna@example.com,0\nbert@example.com,7\n", kind="set_count")
    work()
    assert held(store) == {bert.id: 7}

    content = b"email,count\nanna@example.com,2\nbert@example.com,\n"
    send(as_manager, content, kind="revoke", count=3)
    work()
    assert held(store) == {bert.id: 4}

    send(as_manager, b"email\nanna@example.com\n", kind="set_count", count=0)
    work()
    assert held(store) == {bert.id: 4}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"kind": "undo"}, ("kind", "The value you selected is not a valid choice.")),
        ({"badgeType": "gold"}, ("badgeType", "This value is not valid.")),
        ({"count": "two"}, ("count", "This value should be of type int.")),
        ({"count": "0"}, ("count", "This value should be greater than or equal to 1.")),
        ({"count": "2147483648"}, ("count", TOO_HIGH)),
        ({"points": "1"}, ("points", EXTRA)),
        ({"reason": ["a", "b"]}, ("reason", "This field is given more than once.")),
        ({"file2": ContentFile(b"", name="x")}, ("file2", EXTRA)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_bad_form_is_refused(
    as_manager: ApiClient,
    store: Store,
    badge_type: BadgeType,
    form: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    assert violations(send(as_manager, b"email\na@example.com\n", **form)) == [expected]
    assert not Job.for_store(store).exists()


def test_a_file_is_demanded(as_manager: ApiClient, store: Store, badge_type: BadgeType) -> None:
    form = {"kind": "assign", "badgeType": "systemCode=gold"}

    assert violations(as_manager.upload(CSV, form)) == [("file", "This field is missing.")]
    named = as_manager.upload(CSV, {**form, "file": "email\na@example.com\n"})
    assert violations(named) == [("file", "This value should be a file.")]
    assert not Job.for_store(store).exists()


def test_a_text_with_nul_is_refused(as_manager: ApiClient, store: Store) -> None:
    sent = send(as_manager, b"email\na@example.com\n", reason="a\0b")

    assert (sent.status_code, sent.json()["message"]) == (
        400, "A text contains the NUL character.",
    )  # fmt: skip
    assert not Job.for_store(store).exists()


def test_other_kinds_of_body_are_refused(as_manager: ApiClient, store: Store) -> None:
    json = as_manager.post(CSV, {"kind": "assign"})
    assert (json.status_code, json.json()) == (
        415, {"code": 415, "message": "Send the body as multipart/form-data."},
    )  # fmt: skip
    compressed = send(as_manager, b"email\n", headers={"Content-Encoding": "gzip"})
    assert (compressed.status_code, compressed.json()["message"]) == (
        415, "A compressed request body is not accepted.",
    )  # fmt: skip
    form = as_manager.request("POST", "/api/ALPHA/job", b"x", content_type="multipart/form-data")
    assert form.status_code == 415
    assert not Job.for_store(store).exists()


def test_a_body_that_is_no_form_is_refused(as_manager: ApiClient, store: Store) -> None:
    sent = as_manager.request("POST", CSV, b"x", content_type="multipart/form-data")

    assert sent.status_code == 400
    assert not Job.for_store(store).exists()


class _Untouchable(io.RawIOBase):
    def readinto(self, _: Any) -> int:
        raise AssertionError("The body was read.")


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (str(2 * 1024**3), "The file is larger than 100 MB. Split it."),
        ("", "Say how large the body is: it needs a Content-Length."),
        ("-1", "Say how large the body is: it needs a Content-Length."),
    ],
)
def test_a_body_that_is_too_large_is_refused_unread(
    as_manager: ApiClient, store: Store, length: str, message: str
) -> None:
    client = as_manager._client
    sent = client.generic(
        "POST", CSV, b"x", "multipart/form-data; boundary=x", headers=as_manager._headers,
        CONTENT_LENGTH=length, **{"wsgi.input": _Untouchable()},
    )  # fmt: skip

    assert (sent.status_code, sent.json()) == (413, {"code": 413, "message": message})
    assert not Job.for_store(store).exists()


def test_a_file_that_is_too_large_is_refused(
    as_manager: ApiClient, store: Store, badge_type: BadgeType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_FILE", 10)

    assert send(as_manager, b"email\nanna@example.com\n").status_code == 413
    assert not Job.for_store(store).exists()


def test_a_file_with_too_many_lines_is_refused(
    as_manager: ApiClient, store: Store, badge_type: BadgeType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINES", 3)

    assert send(as_manager, b"email\na\nb\n").status_code == 202
    for content in (b"email\na\nb\nc", b"email\n\n\n\n", b"email\na\nb\nc\n"):
        sent = send(as_manager, content)
        assert violations(sent) == [("file", "The file has more than 3 lines. Split it.")]
    assert Job.for_store(store).count() == 1
    assert JobRow.across_stores.count() == 2


def test_a_key_belongs_to_the_content_of_the_file(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    headers = {"Idempotency-Key": "once-and-never-again"}
    large = b"email,reason\n" + b"anna@example.com,x\n" * 200_000  # Kept on disk, not in memory.

    first = send(as_manager, large, headers=headers)
    assert first.status_code == 202
    again = send(as_manager, large, headers=headers)
    assert (again.json(), again["Idempotent-Replayed"]) == (first.json(), "true")
    other = send(as_manager, large[:-2] + b"y\n", headers=headers)
    assert other.status_code == 422

    assert Job.for_store(store).get().total == 200_000


def test_whoever_may_not_modify_badges_sends_no_file(
    as_viewer: ApiClient, as_member: ApiClient, anonymous: ApiClient, store: Store
) -> None:
    statuses = [
        send(client, b"email\na\n").status_code for client in (as_viewer, as_member, anonymous)
    ]

    assert statuses == [403, 403, 401]
    assert not Job.for_store(store).exists()


def test_an_inactive_or_foreign_badge_type_is_not_assigned(
    as_manager: ApiClient, store: Store, other_store: Store
) -> None:
    make_badge_type(store, "gold", active=False)
    make_badge_type(other_store, "other")

    assert violations(send(as_manager, b"email\na\n")) == [
        ("badgeType", "The badge type is not active.")
    ]
    foreign = send(as_manager, b"email\na\n", badgeType="systemCode=other")
    assert foreign.status_code == 404
    assert not Job.across_stores.exists()


def test_a_preview_shows_the_first_lines_and_counts_all(store: Store, member: Member) -> None:
    file = io.BytesIO(
        b"email,count\nanna@example.com,1\nnobody@example.com,1\nanna@example.com,x\n"
        b"anna@example.com,\nanna@example.com,x\n"
    )

    seen = preview(store, file, kind="assign", count=None, now=timezone.now(), most=3)

    assert seen.columns == ("email", "count")
    assert [(row.line, row.identifier, row.data, row.problem) for row in seen.rows] == [
        (2, "anna@example.com", {"count": 1}, ""),
        (3, "nobody@example.com", {"count": 1}, "There is no such member."),
        (4, "", None, "count is not a whole number from 1 to 2147483647."),
    ]
    assert (seen.total, seen.rejected) == (5, 2)
    assert not Job.for_store(store).exists()


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+48600100200", "'+48600100200"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n-1", "'\n'-1"),
        ("x;=1+1", "x;'=1+1"),
        ('x,"=1+1"', 'x,\'"=1+1"'),
        ("anna@example.com", "anna@example.com"),
        ("2024-01-01", "2024-01-01"),
        ("", ""),
    ],
)
def test_a_report_is_safe_to_open_in_a_spreadsheet(cell: str, shown: str) -> None:
    assert harmless(cell) == shown
