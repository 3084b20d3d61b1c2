"""`manage create_admin`."""

import pytest
from django.core.management import CommandError, call_command

from loyalty.models import Administrator
from tests.builders import PASSWORD
from tests.clients import ApiClient

pytestmark = pytest.mark.django_db


def test_the_first_administrator_may_do_everything(
    anonymous: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)

    call_command("create_admin", "first@example.com")

    body = {"username": "first@example.com", "password": PASSWORD}
    token = anonymous.post("/api/admin/login_check", body).json()["token"]
    answer = ApiClient.with_token(token).get("/api/admin/permissions").json()
    assert answer["superAdmin"] is True


def test_a_weak_password_makes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "password")

    with pytest.raises(CommandError, match="too short"):
        call_command("create_admin", "first@example.com")

    assert not Administrator.objects.exists()
