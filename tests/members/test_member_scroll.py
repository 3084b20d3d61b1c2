"""`GET /api/{storeCode}/member?_scroll`: every member once, however many there are."""

from loyalty.models import Store
from tests.builders import make_member
from tests.clients import ApiClient

URL = "/api/ALPHA/member"


def test_scrolling_reaches_every_member_once(as_manager: ApiClient, store: Store) -> None:
    everyone = [str(make_member(store).id) for _ in range(5)]

    seen: list[str] = []
    token, answers = "", 0
    while token is not None:
        answer = as_manager.get(f"{URL}?_itemsOnPage=2&_scroll={token}").json()
        assert set(answer) == {"items", "scroll"}
        seen += [item["customerId"] for item in answer["items"]]
        token, answers = answer["scroll"]["next"], answers + 1

    assert (seen, answers) == (everyone, 4)


def test_a_filter_holds_while_scrolling(as_manager: ApiClient, store: Store) -> None:
    for name in ("Anna", "Bert", "Anna"):
        make_member(store, first_name=name)

    answer = as_manager.get(f"{URL}?firstName=Anna&_scroll=").json()

    assert [item["firstName"] for item in answer["items"]] == ["Anna", "Anna"]


def test_a_token_that_is_none_is_refused(as_manager: ApiClient) -> None:
    for token in ("x", "bnVsbA==", "e30=", "%00", "W10=", "eyJjcmVhdGVkQXQiOjEsImlkIjoxfQ=="):
        response = as_manager.get(f"{URL}?_scroll={token}")

        assert (response.status_code, response.json()["errors"][0]["path"]) == (400, "_scroll")
