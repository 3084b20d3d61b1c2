"""The story that the admin is for: make a badge, hand it out, take it back, with a trace of all."""

import pytest

from badges.demo.catalogue import ICON_DIRECTORY
from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Administrator, Store
from members.models import Member
from tests.browser.browser import Browser

pytestmark = pytest.mark.browser


def make_the_badge(browser: Browser) -> None:
    browser.open("/admin/badges/badgetype/")
    browser.follow(browser.one("a[href*='/badgetype/add/']"))
    browser.type("name_en", "Night Owl")
    browser.type("description_en", "Ordered late")
    browser.type("name_pl", "Nocny marek")
    browser.type("system_code", "night_owl")
    browser.pick_color("background_color", "#17184a")
    browser.type("text_color", "#FFE7A8")
    browser.upload("icon_file", ICON_DIRECTORY / "night-owl.svg")
    browser.press("Save")


def hand_it_out(browser: Browser) -> None:
    browser.open("/admin/badges/badgetype/")
    browser.press("Night Owl")
    browser.press("Hand out")
    browser.type("who", "anna@example.com")
    browser.press("Find the member")
    assert "will hold this badge 1 time" in browser.text
    browser.type("reason", "Stayed until two")
    browser.press("Give to Anna")


def test_a_badge_is_made_handed_out_and_taken_back(
    browser: Browser, manager: Administrator, store: Store, member: Member
) -> None:
    browser.log_in("manager@example.com")
    make_the_badge(browser)

    badge_type = BadgeType.for_store(store).get()
    assert badge_type.system_code == "night_owl"
    assert badge_type.translations == {
        "en": {"name": "Night Owl", "description": "Ordered late"},
        "pl": {"name": "Nocny marek", "description": ""},
    }
    assert (badge_type.background_color, badge_type.text_color) == ("#17184A", "#FFE7A8")
    assert badge_type.icon.startswith("/icon/")

    hand_it_out(browser)

    assert browser.path == f"/admin/members/member/{member.id}/change/"
    assert "Anna now holds Night Owl." in browser.text
    assert MemberBadge.for_store(store).get().completed_count == 1

    browser.open("/admin/badges/badgeentry/")
    line = browser.one("#result_list tbody").text
    for words in ("Granted", "Anna", "Night Owl", "+1", "manager@example.com", "Stayed until two"):
        assert words in line
    entry = BadgeEntry.for_store(store).get()
    assert (entry.actor_kind, entry.actor_id, entry.source) == ("admin", manager.id, "admin")

    browser.open(f"/admin/members/member/{member.id}/change/")
    browser.press("Correct")
    browser.type("completed_count", "0")
    browser.press("Correct the count")

    assert "Night Owl was taken away." in browser.text
    assert "No badge yet." in browser.text
    assert not MemberBadge.for_store(store).exists()
    deltas = BadgeEntry.for_store(store).order_by("recorded_at").values_list("kind", "delta")
    assert list(deltas) == [("grant", 1), ("revocation", -1)]
    assert browser.complaints == []


def test_the_preview_follows_what_is_typed(browser: Browser, manager: Administrator) -> None:
    browser.log_in("manager@example.com")
    browser.open("/admin/badges/badgetype/add/")

    browser.type("name_en", "Early Bird")
    browser.pick_color("background_color", "#102030")
    browser.upload("icon_file", ICON_DIRECTORY / "early-bird.svg")

    card = browser.one("#badge-preview")
    assert "Early Bird" in card.text
    assert "rgb(16, 32, 48)" in str(card.get_attribute("style"))
    assert browser.one("#id_background_color").get_attribute("value") == "#102030"
    assert str(browser.one("[data-image]").get_attribute("src")).startswith("blob:")
    assert browser.complaints == []


def test_what_the_service_refuses_stands_at_its_field(
    browser: Browser, manager: Administrator, badge_type: BadgeType, store: Store
) -> None:
    browser.log_in("manager@example.com")
    browser.open("/admin/badges/badgetype/add/")
    browser.type("name_en", "Another")
    browser.type("system_code", badge_type.system_code)
    browser.press("Save")

    field = browser.one("#id_system_code").find_element("xpath", "..")
    assert "already exists" in field.text
    assert browser.one("#id_name_en").get_attribute("value") == "Another"
    assert BadgeType.for_store(store).count() == 1
