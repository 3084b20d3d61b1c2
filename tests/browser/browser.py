"""What a person does with a browser, in a person's words."""

from pathlib import Path

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.builders import PASSWORD


class Browser:
    def __init__(self, chrome: Chrome, url: str) -> None:
        self._chrome = chrome
        self._url = url

    def open(self, path: str) -> None:
        self._chrome.get(self._url + path)

    def log_in(self, username: str, password: str = PASSWORD) -> None:
        self.open("/admin/login/")
        self.type("username", username)
        self.type("password", password)
        self.press("Log in")

    def type(self, name: str, text: str) -> None:
        """Replace what stands in a field."""
        field = self._chrome.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)

    def pick_color(self, name: str, color: str) -> None:
        """Choose in the browser's own picker, which no driver can open."""
        picker = self.one(f'[data-color-of="id_{name}"]')
        self._chrome.execute_script(
            "arguments[0].value = arguments[1];"
            "arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
            picker,
            color,
        )

    def upload(self, name: str, file: Path) -> None:
        self._chrome.find_element(By.NAME, name).send_keys(str(file))

    def choose(self, name: str, value: str) -> None:
        """One of several, by what stands around it: the circle itself may be out of sight."""
        circle = self.one(f'input[name="{name}"][value="{value}"]')
        circle.find_element(By.XPATH, "..").click()

    def tick(self, name: str, value: str) -> None:
        self.one(f'input[name="{name}"][value="{value}"]').click()

    def pick(self, name: str, text: str) -> None:
        """From a list that drops down."""
        Select(self._chrome.find_element(By.NAME, name)).select_by_visible_text(text)

    def cookie(self, name: str) -> str:
        return str((self._chrome.get_cookie(name) or {})["value"])

    def press(self, text: str) -> None:
        """Click the button or link with that text, and wait for the page that follows."""
        found = f'//*[self::a or self::button][contains(normalize-space(.), "{text}")]'
        shown = [e for e in self._chrome.find_elements(By.XPATH, found) if e.is_displayed()]
        assert shown, f"There is no “{text}” to press on {self.path}:\n{self.text}"
        self.follow(shown[0])

    def follow(self, element: WebElement) -> None:
        page = self.one("html")
        self._chrome.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        WebDriverWait(self._chrome, 10).until(staleness_of(page))

    def wait_for(self, selector: str, seconds: float = 20) -> None:
        """Until the page, which may load itself again meanwhile, has such an element."""
        waiting = WebDriverWait(
            self._chrome, seconds, ignored_exceptions=[StaleElementReferenceException]
        )
        waiting.until(lambda _: self.all(selector))

    def one(self, selector: str) -> WebElement:
        return self._chrome.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self._chrome.find_elements(By.CSS_SELECTOR, selector)

    def buttons(self) -> list[str]:
        """What can be pressed on the page."""
        return [e.text.strip() for e in self.all("a, button") if e.is_displayed()]

    @property
    def text(self) -> str:
        return self.one("body").text

    @property
    def path(self) -> str:
        return str(self._chrome.current_url).removeprefix(self._url)

    @property
    def complaints(self) -> list[str]:
        """What the page's scripts complained about; a status that a page has is none."""
        logged = self._chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return [
            line["message"]
            for line in logged
            if line["level"] == "SEVERE" and "the server responded with" not in line["message"]
        ]
