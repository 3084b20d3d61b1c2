"""The form of a condition, as somebody uses it who has never seen what it writes."""

import time
from collections.abc import Callable
from contextlib import suppress

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from tests.browser.browser import Browser

_TRIES = 10


def _when_drawn(act: Callable[[], None]) -> None:
    """Do it to what is there then: a row is drawn anew when something in it changed."""
    for _ in range(_TRIES):
        with suppress(StaleElementReferenceException):
            return act()
        time.sleep(0.1)
    return act()


class ConditionForm:
    """Rows are numbered as they stand on the page, groups among them, from 0."""

    def __init__(self, browser: Browser, place: str = "#condition-editor") -> None:
        self._browser, self._place = browser, place

    def rows(self) -> list[WebElement]:
        return self._browser.all(f"{self._place} [data-condition]")

    def words(self) -> str:
        """The sentence beside the form."""
        return self._browser.one("#condition-words").text

    def pick(self, row: int, label: str, text: str, *, last: bool = False) -> None:
        _when_drawn(lambda: Select(self._field(row, label, last)).select_by_visible_text(text))

    def type(self, row: int, label: str, text: str, *, last: bool = False) -> None:
        """As a keyboard does: into whatever has the cursor, also when it was drawn anew."""
        field = self._field(row, label, last)
        field.send_keys(Keys.CONTROL, "a")
        ActionChains(field.parent).send_keys(text, Keys.TAB).perform()

    def press(self, row: int, label: str) -> None:
        """A button of the row itself, by its words or its label."""
        _when_drawn(lambda: self._shown(self.rows()[row], label).click())

    def press_at_the_end(self, label: str) -> None:
        """A button below all rows."""
        place = self._place
        _when_drawn(lambda: self._shown(self._browser.one(place), label, last=True).click())

    def move(self, row: int, label: str, *, down: bool) -> None:
        """With the keyboard, from a field of the row."""
        key = Keys.ARROW_DOWN if down else Keys.ARROW_UP
        self._field(row, label, last=False).send_keys(Keys.ALT, key)

    def complaint(self, row: int) -> str:
        return " ".join(
            e.text for e in self.rows()[row].find_elements(By.CSS_SELECTOR, ".rs-complaints")
        )

    def _shown(self, within: WebElement, label: str, *, last: bool = False) -> WebElement:
        buttons = [
            button
            for button in within.find_elements(By.TAG_NAME, "button")
            if label in (button.get_attribute("aria-label") or button.text)
        ]
        assert buttons, f"There is no “{label}” in: {within.text}"
        return buttons[-1 if last else 0]

    def _field(self, row: int, label: str, last: bool) -> WebElement:
        found = self.rows()[row].find_elements(By.CSS_SELECTOR, f'[aria-label="{label}"]')
        assert found, f"There is no “{label}” in: {self.rows()[row].text}"
        return found[-1 if last else 0]
