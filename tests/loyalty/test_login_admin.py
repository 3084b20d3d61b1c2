"""Logging in to the admin, and how a session there ends."""

import pytest
from django.conf import LazySettings
from django.test import Client

from loyalty.models import Administrator, Event, EventName
from loyalty.selectors.access import EVERYTHING
from loyalty.services.administrators import update_administrator
from tests.builders import PASSWORD, TESTER, make_administrator

NEW = "another horse, another battery"


def log_in(username: str, password: str = PASSWORD, client: Client | None = None) -> Client:
    client = client or Client()
    client.post("/admin/login/", {"username": username, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


@pytest.mark.parametrize("name", ["root", "ROOT", "root@example.com"])
def test_staff_log_in_by_name_or_address(root: Administrator, name: str) -> None:
    assert is_in(log_in(name))


def test_a_wrong_password_says_nothing_else(root: Administrator) -> None:
    response = Client().post("/admin/login/", {"username": "root", "password": "wrong"})

    assert response.status_code == 200
    assert "Please enter the correct username and password" in response.text


def test_guessing_is_answered_with_how_long_to_wait(
    root: Administrator, settings: LazySettings
) -> None:
    settings.LOGIN_FAILURES_PER_NAME = 2
    client = Client()
    for _ in range(2):
        log_in("root", "wrong", client)

    response = client.post("/admin/login/", {"username": "root", "password": PASSWORD})

    assert "Too many attempts. Try again in" in response.text
    assert not is_in(client)


def test_the_account_of_an_integration_does_not_get_in(db: None) -> None:
    make_administrator(email="bot@example.com", external=True)

    assert not is_in(log_in("bot@example.com"))


def test_deactivation_ends_the_session_with_the_next_click(
    manager: Administrator, root: Administrator
) -> None:
    client = log_in("manager@example.com")
    assert is_in(client)

    update_administrator(administrator=manager, is_active=False, actor=TESTER, reach=EVERYTHING)

    assert not is_in(client)


def test_changing_the_password_ends_every_other_session(manager: Administrator) -> None:
    here, elsewhere = log_in("manager@example.com"), log_in("manager@example.com")
    version = manager.token_version

    response = here.post(
        "/admin/password_change/",
        {"current_password": PASSWORD, "new_password": NEW, "again": NEW},
    )

    assert response.status_code == 302
    assert is_in(here)
    assert not is_in(elsewhere)
    manager.refresh_from_db()
    assert manager.token_version == version + 1
    event = Event.across_stores.get(name=EventName.ADMINISTRATOR_PASSWORD_CHANGED)
    assert (event.actor_id, event.source) == (manager.id, "admin")


@pytest.mark.parametrize(
    ("current", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "The current password is not right."),
        (PASSWORD, NEW, "other", "The two new passwords differ."),
        (PASSWORD, "short", "short", "This password is too short."),
    ],
)
def test_a_password_is_refused_at_its_field(
    manager: Administrator, current: str, new: str, again: str, said: str
) -> None:
    client = log_in("manager@example.com")

    response = client.post(
        "/admin/password_change/",
        {"current_password": current, "new_password": new, "again": again},
    )

    assert said in response.text
    assert is_in(log_in("manager@example.com"))
