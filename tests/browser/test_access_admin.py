"""Whoever may only look has nothing to press, and a foreign store's rows are not there."""

import pytest

from badges.models import BadgeType
from loyalty.models import Administrator, Store
from members.models import Member
from tests.browser.browser import Browser
from tests.builders import give_badge, make_badge_type, make_member

pytestmark = pytest.mark.browser


def test_a_viewer_sees_everything_and_can_press_nothing(
    browser: Browser, viewer: Administrator, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)
    browser.log_in("viewer@example.com")

    for path in (
        f"/admin/badges/badgetype/{badge_type.id}/change/",
        f"/admin/members/member/{member.id}/change/",
        "/admin/badges/badgetype/",
        "/admin/members/member/",
    ):
        browser.open(path)
        assert "Gold" in browser.text or "Anna" in browser.text
        words = " ".join(browser.buttons())
        for word in ("Save", "Delete", "Hand out", "Give", "Correct", "Account"):
            assert word not in words
        assert browser.all("a[href*='/add/']") == []


def test_staff_of_one_store_find_nothing_of_another(
    browser: Browser, manager: Administrator, member: Member, badge_type: BadgeType,
    other_store: Store,
) -> None:  # fmt: skip
    foreign = make_badge_type(other_store, "secret", translations={"en": {"name": "Secret"}})
    stranger = make_member(other_store, email="secret@example.com")
    give_badge(other_store, stranger, foreign)
    browser.log_in("manager@example.com")

    for path in (
        "/admin/",
        "/admin/badges/badgetype/",
        "/admin/badges/badgetype/?q=secret",
        "/admin/members/member/?q=secret",
        "/admin/badges/badgeentry/",
        "/admin/badges/memberbadge/",
        "/admin/loyalty/store/",
        f"/admin/badges/badgetype/{foreign.id}/change/",
        f"/admin/members/member/{stranger.id}/change/",
        "/admin/badges/badgetype/?store=BETA",
    ):
        browser.open(path)
        assert "Secret" not in browser.text
        assert "secret@example.com" not in browser.text
        assert "Beta" not in browser.text

    browser.open(f"/admin/badges/badgetype/{badge_type.id}/hand-out/")
    browser.type("who", "secret@example.com")
    browser.press("Find the member")
    assert "Alpha has no such member." in browser.text
