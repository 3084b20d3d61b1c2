"""/docs: whoever opens it in a demo makes a first call with three clicks."""

import json
from pathlib import Path

import pytest
from django.conf import LazySettings

from badges.models import BadgeType
from loyalty.models import Administrator, Store
from tests.browser.browser import Browser
from tests.builders import make_api_key

pytestmark = pytest.mark.browser

GROUP = "#operations-tag-Badge"
OPERATION = "#operations-Badge-_getBadgeTypeList"


@pytest.fixture
def demo(root: Administrator, tmp_path: Path, settings: LazySettings) -> None:
    """What `./run` leaves for the page: the key of a super admin."""
    facts = {
        "apiKey": make_api_key(root),
        "admin": {"username": "root", "password": "x"},
        "member": {"storeCode": "ALPHA", "memberId": "x"},
        "adminSite": "/admin/",
    }
    settings.DEMO, settings.DEMO_FILE = True, str(tmp_path / "demo.json")
    Path(settings.DEMO_FILE).write_text(json.dumps(facts))


def press(browser: Browser, selector: str) -> None:
    browser.wait_for(selector)
    browser.one(selector).click()


def test_a_call_is_tried_with_the_demo_key(
    demo: None, browser: Browser, store: Store, badge_type: BadgeType
) -> None:
    browser.open("/docs")
    press(browser, GROUP)
    press(browser, f"{OPERATION} .opblock-summary-control")
    store_code = f"{OPERATION} tr[data-param-name='storeCode'] input"
    browser.wait_for(store_code)
    browser.one(store_code).clear()
    browser.one(store_code).send_keys("ALPHA")
    press(browser, f"{OPERATION} button.execute")

    browser.wait_for(f"{OPERATION} .live-responses-table .microlight")
    answer = browser.one(f"{OPERATION} .live-responses-table").text
    assert '"systemCode": "gold"' in answer
    assert "200" in answer


def test_outside_of_a_demo_nobody_is_logged_in(browser: Browser, settings: LazySettings) -> None:
    settings.DEMO = False

    browser.open("/docs")

    browser.wait_for(GROUP)
    assert "logged in" not in browser.text
