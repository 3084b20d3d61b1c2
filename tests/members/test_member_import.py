"""Members from files."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.http import HttpResponse

from loyalty.api import listing
from loyalty.models import Access, Event, EventName, Job, JobRow, Resource, Store
from members.models import Member
from tests.badges.test_jobs import work
from tests.builders import admin_token, make_administrator, make_member, make_role
from tests.clients import ApiClient

IMPORTS = "/api/ALPHA/import"

XML = """<?xml version="1.0" encoding="UTF-8"?>
<customers>
  <customer>
    <email>anna@example.com</email><firstName>Anna</firstName><lastName>Łęcka &amp; Co</lastName>
    <gender>female</gender><birthDate>1990-01-31</birthDate><phone>+48600100200</phone>
    <loyaltyCardNumber>00123</loyaltyCardNumber>
    <agreement1>true</agreement1><agreement2>false</agreement2><agreement3>1</agreement3>
    <address><street>Prosta</street><city>Łódź</city><country>PL</country></address>
    <company><name>Acme</name><nip>123</nip></company>
    <labels>
      <label><key>vip</key><value>yes</value></label>
      <label><key>shop</key><value>7</value></label>
    </labels>
  </customer>
  <customer><email>not an address</email></customer>
  <customer><email>bert@example.com</email><levelId>1</levelId></customer>
  <customer><email>carl@example.com</email><email>dora@example.com</email></customer>
  <customer><firstName>Nobody</firstName></customer>
</customers>
"""


@pytest.fixture
def importer(store: Store, other_store: Store) -> ApiClient:
    role = make_role((Resource.IMPORT, Access.MODIFY), stores=(store,))
    return ApiClient.with_token(admin_token(make_administrator(role)))


def send(client: ApiClient, content: bytes | str, **headers: str) -> HttpResponse:
    data = content.encode() if isinstance(content, str) else content
    form = {"import[file]": ContentFile(data, name="members")}
    return client.upload(f"{IMPORTS}/member", form, **headers)


def imported(client: ApiClient, content: bytes | str) -> str:
    sent = send(client, content)
    assert sent.status_code == 200, sent.content
    assert list(sent.json()) == ["importId"]
    work()
    return str(sent.json()["importId"])


def results(client: ApiClient, import_id: str) -> list[tuple[int, str, str]]:
    items = client.get(f"{IMPORTS}/{import_id}?_itemsOnPage=50").json()["items"]
    assert {item["importId"] for item in items} <= {import_id}
    return [(item["line"], item["status"], item["message"]) for item in items]


def refusal(response: HttpResponse) -> str:
    assert response.status_code == 400, response.content
    (error,) = response.json()["errors"]
    assert error["path"] == "file"
    return str(error["message"])


def facts(member: Member) -> dict[str, Any]:
    names = (
        "email", "phone", "loyalty_card_number", "first_name", "last_name", "gender", "address",
        "company", "labels", "agreement1", "agreement2", "agreement3", "locale",
    )  # fmt: skip
    return {name: getattr(member, name) for name in names} | {
        "birth_date": str(member.birth_date),
        "registered_at": member.registered_at.isoformat(),
    }


ANNA = {
    "email": "anna@example.com",
    "phone": "+48600100200",
    "loyalty_card_number": "00123",
    "first_name": "Anna",
    "last_name": "Łęcka & Co",
    "gender": "female",
    "birth_date": "1990-01-31",
    "address": {"street": "Prosta", "city": "Łódź", "country": "PL"},
    "company": {"name": "Acme", "nip": "123"},
    "labels": [{"key": "vip", "value": "yes"}, {"key": "shop", "value": "7"}],
    "agreement1": True,
    "agreement2": False,
    "agreement3": True,
    "locale": "",
}


def test_csv_registers_a_member_for_each_line(
    importer: ApiClient, store: Store, other_store: Store
) -> None:
    make_member(store, email="taken@example.com")
    make_member(other_store, email="anna@example.com")
    Store.objects.filter(id=store.id).update(timezone="Europe/Warsaw")
    content = (
        "E-mail;first name;last_name;Gender;birthDate;phone;loyaltyCardNumber;agreement1;"
        "agreement2;agreement3;address.street;address.city;address.country;company.name;"
        "company.nip;label:vip;LABEL:shop;registeredAt\r\n"
        'anna@example.com;Anna;"Łęcka & Co";female;1990-01-31;+48600100200;="00123";TRUE;0;1;'
        "Prosta;Łódź;PL;Acme;123;yes;7;2020-07-01\r\n"
        "TAKEN@example.com;;;;;;;;;;;;;;;;;\r\n"
        "anna@example.com;;;;;;;;;;;;;;;;;\r\n"
        ";Nobody;;;;;;;;;;;;;;;;\r\n"
        ";;;;;+48600100201;;;;;;;;;;;;\r\n"
        "bert@example.com;;;unknown;;;;;;;;;;;;;;\r\n"
        "carl@example.com;;;;31.12.1990;;;;;;;;;;;;;\r\n"
        "dora@example.com;;;;;600-100;;;;;;;;;;;;\r\n"
        "emil@example.com;;;;;;;maybe;;;;;;;;;;\r\n"
        "fred@example.com;;;;;;;;;;;;Poland;;;;;\r\n"
        "greta@example.com\r\n"
    )

    import_id = imported(importer, content)

    assert results(importer, import_id) == [
        (2, "succeed", ""),
        (3, "error", "email: Customer with such email already exists."),
        (4, "error", "email: Customer with such email already exists."),
        (5, "error", "The line names no member."),
        (6, "error", "email: This value should not be blank."),
        (7, "error", "gender is none of male, female, not_disclosed."),
        (8, "error", "birthDate is not a date such as 1990-12-31."),
        (9, "error", "phone is not a phone number of digits and +."),
        (10, "error", "agreement1 is none of true, false, 1, 0."),
        (11, "error", "address.country is not a country's two capital letters."),
        (12, "error", "The line has 1 cell, and the header has 18."),
    ]
    made = Member.for_store(store).exclude(email="taken@example.com").get()
    assert facts(made) == {**ANNA, "registered_at": "2020-06-30T22:00:00+00:00"}
    first = importer.get(f"{IMPORTS}/{import_id}?_itemsOnPage=1").json()
    assert first == {
        "items": [
            {
                "importId": import_id,
                "line": 2,
                "status": "succeed",
                "message": "",
                "entity": str(made.id),
            }
        ],
        "total": {"all": 11, "filtered": 11, "estimated": False},
    }
    registered = Event.for_store(store).get(name=EventName.MEMBER_REGISTERED, member_id=made.id)
    assert (registered.source, registered.data) == ("job", {})
    report = b"".join(importer.get(f"{IMPORTS}/{import_id}/report").streaming_content).decode()
    assert report.splitlines()[:4] == [
        "line,member,problem,text",
        "3,email=TAKEN@example.com,email: Customer with such email already exists.,",
        "4,email=anna@example.com,email: Customer with such email already exists.,",
        "5,,The line names no member.,;Nobody;;;;;;;;;;;;;;;;",
    ]


def test_what_was_imported_is_kept_in_the_member_only(importer: ApiClient, store: Store) -> None:
    imported(importer, "email,firstName\nanna@example.com,Anna\nanna@example.com,Anna\n")

    rows = JobRow.for_job(Job.for_store(store).get()).order_by("line")
    assert list(rows.values_list("line", "identifier_key", "identifier", "data", "raw")) == [
        (2, "", "", None, ""),
        (3, "email", "anna@example.com", {"email": "anna@example.com", "first_name": "Anna"}, ""),
    ]


def test_xml_registers_a_member_for_each_customer(importer: ApiClient, store: Store) -> None:
    import_id = imported(importer, XML)

    assert results(importer, import_id) == [
        (1, "succeed", ""),
        (2, "error", "email is not an e-mail address."),
        (3, "error", "<levelId> is not a field of a member."),
        (4, "error", "<email> is there more than once."),
        (5, "error", "The line names no member."),
    ]
    made = Member.for_store(store).get()
    assert facts(made) == {**ANNA, "registered_at": made.registered_at.isoformat()}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "iso-8859-2"])
def test_xml_may_be_in_any_encoding_that_it_names(
    importer: ApiClient, store: Store, encoding: str
) -> None:
    name = {"utf-8-sig": "UTF-8", "iso-8859-2": "ISO-8859-2"}.get(encoding, "UTF-16")
    imported(importer, XML.replace("UTF-8", name).encode(encoding))

    assert Member.for_store(store).get().last_name == "Łęcka & Co"


_BOMB = (
    '<!DOCTYPE customers [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><customers><customer><email>&j;</email></customer></customers>"
)
_FOREIGN = (
    '<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><customers><customer>'
    "<email>&x;</email></customer></customers>"
)
_NOBODY = "No column names the member. One of these has to: email, phone, loyaltyCardNumber."
_TYPE = "A document type (<!DOCTYPE …>) is not accepted."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_BOMB, _TYPE),
        (_FOREIGN, _TYPE),
        ('<!DOCTYPE c SYSTEM "http://127.0.0.1/x.dtd"><customers/>', _TYPE),
        (
            "<customers><customer><email>&x;</email></customer></customers>",
            "The XML is broken in line 1, column 28: undefined entity.",
        ),
        (
            XML.replace("</customers>", ""),
            "The XML is broken in line 20, column 0: no element found.",
        ),
        (
            "<members/>",
            "The XML has <members> where <customers> with <customer>s is expected.",
        ),
        ("<customers></customers>", "The file has no members."),
        ("<customers><customer>" + "<a>" * 5000, "The XML is nested too deep."),
        (
            '<customers><customer a="' + "x" * 3_000_000 + '"/></customers>',
            "A piece of the XML is larger than 1 MB.",
        ),
        (
            '<?xml version="1.0" encoding="x-none"?><customers/>',
            "The XML names an unknown encoding.",
        ),
        ("email,nickname\nanna@example.com,Anna\n", None),
        ("", "The file is empty. The first line has to name the columns."),
        ("email\n", "The file has no members."),
        ("email,label:a,label:a\nx,y,z\n", 'The column "label:a" is there more than once.'),
        ("firstName\nAnna\n", _NOBODY),
    ],
)
def test_a_file_that_means_nothing_is_refused(
    importer: ApiClient, store: Store, content: str, message: str | None
) -> None:
    told = refusal(send(importer, content))

    assert told == message or (message is None and told.startswith('Unknown column "nickname".'))
    assert not Job.for_store(store).exists()
    assert not JobRow.across_stores.exists()


def test_long_values_and_many_labels_cost_their_line_only(
    importer: ApiClient, store: Store
) -> None:
    label = "<label><key>{0}</key><value>x</value></label>"
    labels = "".join(label.format(number) for number in range(300))
    long = "x" * 1_000_000
    import_id = imported(
        importer,
        f"<customers><customer><email>a@example.com</email><firstName>{long}</firstName></customer>"
        f"<customer><email>b@example.com</email><labels>{labels}</labels></customer>"
        "<customer><email>c@example.com</email></customer></customers>",
    )

    assert results(importer, import_id) == [
        (1, "error", "firstName is longer than 255 characters."),
        (2, "error", "The member has more than 100 labels."),
        (3, "succeed", ""),
    ]


def test_imports_are_listed_with_their_state(importer: ApiClient, store: Store) -> None:
    good = imported(importer, "email\nanna@example.com\n")
    bad = imported(importer, "email\nanna@example.com\nbert@example.com\n")
    waiting = send(importer, "email\ncarl@example.com\n").json()["importId"]
    assert results(importer, waiting) == [(2, "queued", "")]
    Job.for_store(store).filter(id=waiting).update(state="running")
    stopped = send(importer, "email\ndora@example.com\n").json()["importId"]
    Job.for_store(store).filter(id=stopped).update(state="cancelled")
    assert results(importer, stopped) == [(2, "failed", "")]

    listed = importer.get(IMPORTS).json()

    keys = ("importId", "type", "status", "total", "processed", "succeeded", "rejected")
    assert [tuple(item[key] for key in keys) for item in listed["items"]] == [
        (stopped, "member", "failed", 1, 0, 0, 0),
        (waiting, "member", "inprogress", 1, 0, 0, 0),
        (bad, "member", "error", 2, 2, 1, 1),
        (good, "member", "succeed", 1, 1, 1, 0),
    ]
    assert listed["total"] == {"all": 4, "filtered": 4, "estimated": False}
    found = importer.get(f"{IMPORTS}?status=error").json()["items"]
    assert [item["importId"] for item in found] == [bad]
    lines = importer.get(f"{IMPORTS}/{bad}?status=error").json()
    assert [item["line"] for item in lines["items"]] == [2]
    assert lines["total"] == {"all": 2, "filtered": 1, "estimated": False}


def test_the_lines_of_a_large_import_are_counted_by_estimate(
    importer: ApiClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "EXACT_UP_TO", 2)
    import_id = imported(importer, "email\na@example.com\nb@example.com\nc@example.com\n")

    page = importer.get(f"{IMPORTS}/{import_id}?_page=2&_itemsOnPage=2&_orderBy[line]=desc").json()

    assert [item["line"] for item in page["items"]] == [2]
    assert page["total"]["estimated"] is True


def test_an_import_belongs_to_its_store_and_to_those_who_may_import(
    importer: ApiClient, as_manager: ApiClient, as_root: ApiClient, other_store: Store, store: Store
) -> None:
    import_id = imported(importer, "email\nanna@example.com\n")

    assert as_root.get(f"/api/BETA/import/{import_id}").status_code == 404
    assert as_root.get(f"/api/BETA/import/{import_id}/report").status_code == 404
    assert as_root.get("/api/BETA/import").json()["items"] == []
    assert importer.get("/api/BETA/import").status_code == 403
    assert as_manager.get(IMPORTS).status_code == 403
    assert as_manager.get(f"{IMPORTS}/{import_id}").status_code == 403
    assert send(as_manager, "email\nbert@example.com\n").status_code == 403
    # It is no job on badges either.
    assert as_manager.get(f"/api/ALPHA/job/{import_id}").status_code == 404
    assert as_manager.post(f"/api/ALPHA/job/{import_id}/cancel").status_code == 404
    assert as_manager.get("/api/ALPHA/job").json()["items"] == []
    assert Job.across_stores.count() == 1


def test_a_repeated_import_is_answered_once(importer: ApiClient, store: Store) -> None:
    headers = {"Idempotency-Key": "import-of-monday"}

    first = send(importer, XML, **headers)
    again = send(importer, XML, **headers)
    other = send(importer, XML.replace("Anna", "Anne"), **headers)

    assert (first.status_code, again.json()) == (200, first.json())
    assert other.status_code == 422
    assert Job.for_store(store).count() == 1


def test_only_forms_are_accepted(importer: ApiClient, store: Store) -> None:
    assert importer.post(f"{IMPORTS}/member", {}).status_code == 415
    missing = importer.upload(f"{IMPORTS}/member", {"file": ContentFile(b"email\n", name="x")})
    assert [(error["path"], error["message"]) for error in missing.json()["errors"]] == [
        ("import[file]", "This field is missing."),
        ("file", "This form should not contain extra fields."),
    ]
    assert not Job.for_store(store).exists()
