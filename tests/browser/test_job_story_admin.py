"""The story of a job: a file with bad lines is uploaded, looked at, worked off and undone."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from badges.models import BadgeType, MemberBadge
from loyalty.models import Administrator, Job, Store
from members.models import Member
from tests.browser.browser import Browser
from tests.builders import make_member
from tests.running.processes import CHECKOUT

pytestmark = pytest.mark.browser

# The page of a job that asks for its progress no more.
FINISHED = "#job:not([data-progress])"

# A worker of its own process, without the broker, which other tests use, too: it looks by itself.
_WORKER = """
import sys, time
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from loyalty.tasks import work
while True:
    work()
    time.sleep(0.1)
"""


@contextmanager
def worker() -> Iterator[None]:
    """A real process that works on the test's database, until it is killed."""
    database = str(connection.settings_dict["NAME"])
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER, database],
        cwd=CHECKOUT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    ) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.fixture
def file(store: Store, member: Member, tmp_path: Path) -> Path:
    make_member(store, email="ben@example.com", first_name="Ben")
    lines = [
        "email;count;reason",
        "anna@example.com;2;Two visits",
        "nobody@example.com;1;",
        "ben@example.com;;",
        "anna@example.com;1;Again",
        "ben@example.com;many;",
    ]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def upload(browser: Browser, badge_type: BadgeType, file: Path) -> None:
    browser.open(f"/admin/badges/badgetype/{badge_type.id}/change/")
    browser.press("Hand out to many")
    browser.choose("whom", "file")
    browser.upload("file", file)
    browser.type("reason", "Summer campaign")
    browser.press("Show what would happen")


def report_of(browser: Browser) -> str:
    """The file behind the link, for whoever is logged in in the browser."""
    link = str(browser.one("a[download]").get_attribute("href"))
    client = Client()
    client.cookies["sessionid"] = browser.cookie("sessionid")
    answer = client.get(link[link.index("/admin/") :])
    return b"".join(answer).decode()


def test_a_file_is_uploaded_worked_off_and_undone(
    browser: Browser, manager: Administrator, store: Store, badge_type: BadgeType, file: Path
) -> None:
    browser.log_in("manager@example.com")
    upload(browser, badge_type, file)

    effect = browser.one("#effect").text
    assert effect == (
        "Assign Gold as often as the lines say to 2 members of Alpha. None of them holds it yet."
    )
    for words in (
        "1 line cannot be read.",
        "1 line names nobody in this store.",
        "1 line names somebody a second time.",
        "There is no such member.",
        "The member was named before in this job.",
    ):
        assert words in browser.text
    assert not MemberBadge.for_store(store).exists()

    browser.press("Do it for 2 members")
    assert browser.one("[role=progressbar]").get_attribute("aria-valuenow") == "20"
    assert "Waiting for a worker." in browser.text
    with worker():
        browser.wait_for(FINISHED)

        assert "100 %" in browser.text
        assert browser.one("[role=progressbar]").get_attribute("aria-valuenow") == "100"
        numbers = re.sub(r"\s+", " ", browser.one(".rs-numbers").text)
        assert numbers == "2 changed 0 unchanged 3 rejected"
        assert "nobody@example.com" in browser.one("#report").text
        assert report_of(browser).splitlines() == [
            "line,member,problem,text",
            "3,email=nobody@example.com,There is no such member.,",
            "5,email=anna@example.com,The member was named before in this job.,",
            "6,,count is not a whole number from 1 to 2147483647.,ben@example.com;many;",
        ]
        held = MemberBadge.for_store(store).order_by("completed_count")
        assert list(held.values_list("completed_count", flat=True)) == [1, 2]

        browser.press("What it wrote in the ledger")
        ledger = browser.one("#result_list").text
        assert "Two visits" in ledger
        assert "Summer campaign" in ledger
        assert len(browser.all("#result_list tbody tr")) == 2

        browser.open(f"/admin/loyalty/job/{Job.for_store(store).get().id}/change/")
        browser.press("Undo")
        assert "reverses the 2 lines" in browser.text
        browser.press("Undo all of it")
        browser.wait_for(FINISHED)

    assert "100 %" in browser.text
    assert "Undo: Assign Gold" in browser.text
    assert not MemberBadge.for_store(store).exists()
    browser.press("It undoes another job")
    assert "It was undone" in browser.text
    assert "Undo" not in browser.buttons()
    assert browser.complaints == []


def test_ticked_members_are_chosen_in_the_list(
    browser: Browser, manager: Administrator, store: Store, badge_type: BadgeType, member: Member
) -> None:
    browser.log_in("manager@example.com")
    browser.open("/admin/members/member/")

    browser.tick("_selected_action", str(member.id))
    browser.pick("action", "Give a badge…")
    browser.press("Run")
    browser.choose("badge", str(badge_type.id))
    browser.press("Show what would happen")

    assert "Assign Gold once to 1 member of Alpha." in browser.one("#effect").text
    browser.press("Discard")
    assert "Nothing was done." in browser.text
    assert not Job.for_store(store).exists()
    assert browser.complaints == []
