"""`POST /api/admin/login_check` and `POST /api/{storeCode}/member/login_check`."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

import loyalty.services.login as guarding
from loyalty.models import Administrator, LoginFailures, RefreshToken, Store
from loyalty.selectors.access import EVERYTHING
from loyalty.services.administrators import update_administrator
from loyalty.services.stores import update_store
from members.models import Member
from members.services.members import set_member_active
from tests.builders import PASSWORD, TESTER, make_administrator, make_member
from tests.clients import Answer, ApiClient
from tests.faults.threads import together

ADMIN, MEMBER = "/api/admin/login_check", "/api/ALPHA/member/login_check"
REFUSED = (401, {"message": "Bad credentials."})


def said(answer: Answer) -> tuple[int, Any]:
    return answer.status_code, answer.json()


def test_an_administrator_gets_a_token_that_works(
    anonymous: ApiClient, manager: Administrator
) -> None:
    answer = anonymous.post(ADMIN, {"username": "manager@example.com", "password": PASSWORD})

    assert answer.status_code == 200
    assert answer.json().keys() == {"token", "refresh_token"}
    assert re.fullmatch("[0-9a-f]{64}", answer.json()["refresh_token"])
    assert answer["Cache-Control"] == "no-store"
    token = answer.json()["token"]
    assert token.startswith("eyJhbGciOiJSUzI1NiIsInR5cCI6")  # The vendor's example begins so.
    assert ApiClient.with_token(token).get("/api/ALPHA/badge-type").status_code == 200


@pytest.mark.parametrize("username", ["root", "ROOT", "root@example.com", "Root@Example.COM"])
def test_an_administrator_is_known_by_name_and_e_mail_in_any_case(
    username: str, anonymous: ApiClient, root: Administrator
) -> None:
    answer = anonymous.post(ADMIN, {"username": username, "password": PASSWORD})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "username", ["anna@example.com", "ANNA@example.com", "+48600100200", "CARD-1"]
)
def test_a_member_is_known_by_any_identifier(
    username: str, anonymous: ApiClient, member: Member
) -> None:
    answer = anonymous.post(MEMBER, {"username": username, "password": PASSWORD})

    assert answer.status_code == 200
    token = ApiClient.with_token(answer.json()["token"])
    assert token.get(f"/api/ALPHA/member/{member.id}").json()["customerId"] == str(member.id)


def test_older_clients_write_underscores(anonymous: ApiClient, root: Administrator) -> None:
    answer = anonymous.post(ADMIN, {"_username": "root", "_password": PASSWORD})

    assert answer.status_code == 200


def test_a_charset_parameter_is_understood(anonymous: ApiClient, root: Administrator) -> None:
    answer = anonymous.request(
        "POST", ADMIN, {"username": "root", "password": PASSWORD},
        content_type="application/json;charset=UTF-8",
    )  # fmt: skip

    assert answer.status_code == 200


def test_every_refusal_of_an_administrator_is_the_same(
    anonymous: ApiClient, manager: Administrator, root: Administrator
) -> None:
    update_administrator(administrator=root, is_active=False, actor=TESTER, reach=EVERYTHING)
    external = make_administrator(email="shop@example.com", password=None, external=True)

    answers = [
        anonymous.post(ADMIN, {"username": username, "password": password})
        for username, password in (
            ("manager@example.com", "wrong"),
            ("manager@example.com", f"{PASSWORD} "),
            ("nobody@example.com", PASSWORD),
            ("root", PASSWORD),
            (external.email, ""),
            (external.email, "!"),
            ("", ""),
        )
    ]

    assert [said(answer) for answer in answers] == [REFUSED] * 7
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert not RefreshToken.objects.exists()


def test_every_refusal_of_a_member_is_the_same(
    anonymous: ApiClient, store: Store, other_store: Store, member: Member
) -> None:
    make_member(store, email="closed@example.com", password=PASSWORD)
    closed = Member.for_store(store).get(email="closed@example.com")
    set_member_active(store, member=closed, active=False, actor=TESTER)
    make_member(store, email="no-password@example.com")

    answers = [
        anonymous.post(f"/api/{code}/member/login_check", {"username": name, "password": word})
        for code, name, word in (
            ("ALPHA", "anna@example.com", "wrong"),
            ("ALPHA", "nobody@example.com", PASSWORD),
            ("ALPHA", "closed@example.com", PASSWORD),
            ("ALPHA", "no-password@example.com", ""),
            ("BETA", "anna@example.com", PASSWORD),
            ("NOWHERE", "anna@example.com", PASSWORD),
            ("ALPHA", "", ""),
        )
    ]

    assert [said(answer) for answer in answers] == [REFUSED] * 7
    assert not RefreshToken.objects.exists()


def test_nobody_logs_in_to_a_closed_store(
    anonymous: ApiClient, store: Store, member: Member
) -> None:
    update_store(store, active=False, actor=TESTER)

    assert said(anonymous.post(MEMBER, {"username": "CARD-1", "password": PASSWORD})) == REFUSED


def test_an_unknown_name_takes_the_hashers_time(
    anonymous: ApiClient, manager: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the time would tell who has an account."""
    hashed: list[str] = []
    for name in ("check_password", "make_password"):
        original = getattr(guarding, name)

        def counted(password: str, *rest: Any, original: Any = original) -> Any:
            hashed.append(password)
            return original(password, *rest)

        monkeypatch.setattr(guarding, name, counted)

    for username in ("manager@example.com", "nobody@example.com"):
        anonymous.post(ADMIN, {"username": username, "password": "wrong"})

    assert hashed == ["wrong", "wrong"]


# --- Guessing -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("url", "username"), [(ADMIN, "manager@example.com"), (MEMBER, "anna@example.com")]
)
def test_of_many_guesses_at_once_the_limit_is_checked_and_no_more(
    url: str, username: str, anonymous: ApiClient, manager: Administrator, member: Member
) -> None:
    guess = {"username": username, "password": "wrong"}

    def some() -> list[Answer]:
        return [anonymous.post(url, guess) for _ in range(5)]

    answers = [answer for answers in together([some] * 10) for answer in answers]

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) == settings.LOGIN_FAILURES_PER_NAME == 20
    assert statuses.count(429) == 30
    for answer in answers:
        if answer.status_code == 429:
            assert answer.json() == {"code": 429, "message": "Too Many Requests"}
            assert 1 <= int(answer["Retry-After"]) <= 61


def test_the_right_password_is_refused_while_the_name_is_blocked(
    anonymous: ApiClient, manager: Administrator
) -> None:
    for _ in range(settings.LOGIN_FAILURES_PER_NAME):
        anonymous.post(ADMIN, {"username": "manager@example.com", "password": "wrong"})

    answer = anonymous.post(ADMIN, {"username": "MANAGER@example.com", "password": PASSWORD})

    assert answer.status_code == 429
    assert not RefreshToken.objects.exists()


def test_a_stranger_elsewhere_cannot_lock_anybody_out(
    anonymous: ApiClient, manager: Administrator
) -> None:
    for _ in range(settings.LOGIN_FAILURES_PER_NAME + 1):
        anonymous.post(ADMIN, {"username": "manager@example.com", "password": "wrong"})
    elsewhere = ApiClient()
    elsewhere._client.defaults["REMOTE_ADDR"] = "192.0.2.7"

    answer = elsewhere.post(ADMIN, {"username": "manager@example.com", "password": PASSWORD})

    assert answer.status_code == 200


def test_an_address_that_was_not_appended_by_our_proxy_is_not_believed(
    anonymous: ApiClient, manager: Administrator
) -> None:
    guess = {"username": "manager@example.com", "password": "wrong"}
    for number in range(settings.LOGIN_FAILURES_PER_NAME):
        anonymous.post(ADMIN, guess, **{"X-Forwarded-For": f"192.0.2.{number}"})

    answer = anonymous.post(ADMIN, guess, **{"X-Forwarded-For": "192.0.2.99"})

    assert answer.status_code == 429


def test_one_address_has_so_many_guesses_for_all_names(anonymous: ApiClient, store: Store) -> None:
    statuses = [
        anonymous.post(ADMIN, {"username": f"name {number}", "password": "x"}).status_code
        for number in range(settings.LOGIN_FAILURES_PER_ADDRESS + 3)
    ]

    assert statuses == [401] * settings.LOGIN_FAILURES_PER_ADDRESS + [429] * 3


def test_after_a_minute_one_may_try_again(anonymous: ApiClient, manager: Administrator) -> None:
    for _ in range(settings.LOGIN_FAILURES_PER_NAME + 1):
        anonymous.post(ADMIN, {"username": "manager@example.com", "password": "wrong"})
    LoginFailures.objects.update(window_ends_at=timezone.now() - timedelta(seconds=1))

    answer = anonymous.post(ADMIN, {"username": "manager@example.com", "password": PASSWORD})

    assert answer.status_code == 200


def test_a_password_that_fits_is_no_guess(anonymous: ApiClient, manager: Administrator) -> None:
    for _ in range(settings.LOGIN_FAILURES_PER_NAME + 5):
        answer = anonymous.post(ADMIN, {"username": "manager@example.com", "password": PASSWORD})

        assert answer.status_code == 200


def test_a_stolen_token_does_not_guess_the_password(
    as_manager: ApiClient, as_member: ApiClient
) -> None:
    guess = {"currentPassword": "wrong", "plainPassword": f"{PASSWORD} 2"}

    for client, url in (
        (as_manager, "/api/admin/password"),
        (as_member, "/api/ALPHA/member/password"),
    ):
        statuses = [client.put(url, guess).status_code for _ in range(22)]

        assert statuses == [400] * settings.LOGIN_FAILURES_PER_NAME + [429] * 2


def test_the_stores_names_do_not_block_each_other(
    anonymous: ApiClient, store: Store, other_store: Store
) -> None:
    make_member(other_store, email="anna@example.com", password=PASSWORD)
    for _ in range(settings.LOGIN_FAILURES_PER_NAME + 1):
        anonymous.post(MEMBER, {"username": "anna@example.com", "password": "wrong"})

    answer = anonymous.post(
        "/api/BETA/member/login_check", {"username": "anna@example.com", "password": PASSWORD}
    )

    assert answer.status_code == 200
