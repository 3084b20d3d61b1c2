"""One headless Chromium for all tests that need a browser."""

import shutil
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from pytest_django.live_server_helper import LiveServer
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.browser.browser import Browser

# The browser speaks to nobody but us: no update check, no sync, no search suggestions.
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1440,1200",
)
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chrome]:
    driver = shutil.which("chromedriver")
    binary = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if driver is None or binary is None:
        pytest.skip("Chromium and chromedriver are not installed: apt install chromium-driver")
    options = ChromeOptions()
    options.binary_location = binary
    for argument in _ARGUMENTS:
        options.add_argument(argument)
    chrome = Chrome(options=options, service=Service(driver))
    chrome.set_page_load_timeout(30)
    yield chrome
    chrome.quit()


@pytest.fixture
def browser(chromium: Chrome, live_server: LiveServer, settings: LazySettings) -> Iterator[Browser]:
    chromium.delete_all_cookies()
    yield Browser(chromium, live_server.url)
    # Leave the page, so that nothing it loads meets the next test's empty database.
    chromium.get("about:blank")
