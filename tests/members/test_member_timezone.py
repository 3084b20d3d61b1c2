"""A member's own time zone."""

import io
from typing import Any

import pytest

from loyalty.models import Store
from members.models import Member, TouchedMember
from members.services.imports import import_members
from tests.architecture.worlds import do_all_jobs
from tests.builders import TESTER
from tests.clients import ApiClient

MEMBERS = "/api/ALPHA/member"
ANNA = f"{MEMBERS}/email=anna@example.com"


def touched(store: Store) -> list[tuple[str, int, bool]]:
    rows = TouchedMember.across_stores.filter(store_id=store.id)
    return [(row.input, row.since.year, row.takes_away) for row in rows]


def test_a_time_zone_is_given_changed_and_taken_away(as_manager: ApiClient, store: Store) -> None:
    body = {"customer": {"email": "berta@example.com", "timezone": "Asia/Tokyo"}}
    assert as_manager.post(MEMBERS, body).status_code == 200
    url = f"{MEMBERS}/email=berta@example.com"
    assert as_manager.get(url).json()["timezone"] == "Asia/Tokyo"
    assert touched(store) == []

    for zone in ("Europe/Warsaw", ""):
        assert as_manager.put(url, {"customer": {"timezone": zone}}).status_code == 200
        assert as_manager.get(url).json()["timezone"] == zone

    assert touched(store) == [("member", 1970, True)] * 2
    as_manager.put(url, {"customer": {"timezone": "", "firstName": "Berta"}})
    assert len(touched(store)) == 2


@pytest.mark.parametrize(
    "zone", ["Europe/Atlantis", "../../etc/passwd", "EST5EDT4,M3.2.0", "x" * 64, " ", "europe", 7]
)
def test_what_is_no_time_zone_is_refused(
    zone: Any, as_manager: ApiClient, member: Member, store: Store
) -> None:
    for answer in (
        as_manager.put(ANNA, {"customer": {"timezone": zone}}),
        as_manager.post(MEMBERS, {"customer": {"email": "new@example.com", "timezone": zone}}),
    ):
        assert answer.status_code == 400
        assert [error["path"] for error in answer.json()["errors"]] == ["customer.timezone"]
    assert as_manager.get(ANNA).json()["timezone"] == ""
    assert touched(store) == []


def test_a_file_has_time_zones(store: Store) -> None:
    file = b"email,timezone\na@example.com,Asia/Tokyo\nb@example.com,Mars/Base\nc@example.com,\n"

    job = import_members(store, file=io.BytesIO(file), actor=TESTER)
    do_all_jobs()

    job.refresh_from_db()
    assert (job.changed, job.rejected) == (2, 1)
    zones = Member.for_store(store).order_by("email").values_list("email", "timezone")
    assert list(zones) == [("a@example.com", "Asia/Tokyo"), ("c@example.com", "")]
