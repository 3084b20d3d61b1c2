"""Refresh tokens: used once, replaced, revoked."""

import secrets
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, models
from django.utils import timezone

import loyalty.services.sessions as sessions
from loyalty.errors import Unauthenticated
from loyalty.models import Administrator, Event, RefreshToken, Store
from loyalty.selectors.access import EVERYTHING
from loyalty.services.administrators import update_administrator
from loyalty.services.sessions import Owner, open_session, refresh_session
from members.models import Member
from members.services.members import set_member_active
from tests.builders import TESTER
from tests.clients import ApiClient
from tests.faults.threads import PATIENCE, together

ADMIN, MEMBER = "/api/token/refresh", "/api/ALPHA/token/refresh"
REFUSED = (401, {"message": "Bad credentials."})


def session_of(owner: Administrator | Member) -> str:
    if isinstance(owner, Administrator):
        return open_session(Owner(administrator_id=owner.id), now=timezone.now())
    return open_session(Owner(store_id=owner.store_id, member_id=owner.id), now=timezone.now())


def refresh(client: ApiClient, token: str, url: str = ADMIN) -> Any:
    answer = client.post(url, {"refresh_token": token})
    return (answer.status_code, answer.json())


def live() -> models.QuerySet[RefreshToken]:
    return RefreshToken.objects.filter(used_at=None, revoked_at=None)


@pytest.mark.parametrize("kind", ["administrator", "member"])
def test_a_token_is_exchanged_for_two_new_ones(
    kind: str, anonymous: ApiClient, manager: Administrator, member: Member
) -> None:
    owner, url = (manager, ADMIN) if kind == "administrator" else (member, MEMBER)
    token = session_of(owner)

    status, body = refresh(anonymous, token, url)

    assert status == 200
    assert body.keys() == {"token", "refresh_token"}
    assert body["refresh_token"] != token
    assert RefreshToken.objects.count() == 2
    assert live().count() == 1
    path = "/api/ALPHA/badge-type" if kind == "administrator" else f"/api/ALPHA/member/{member.id}"
    assert ApiClient.with_token(body["token"]).get(path).status_code == 200


def test_a_lost_answer_is_given_again_within_the_grace(
    anonymous: ApiClient, manager: Administrator
) -> None:
    token = session_of(manager)

    first, again = refresh(anonymous, token), refresh(anonymous, token)

    assert (first[0], again[0]) == (200, 200)
    assert first[1]["refresh_token"] == again[1]["refresh_token"]
    assert RefreshToken.objects.count() == 2
    assert refresh(anonymous, again[1]["refresh_token"])[0] == 200


def test_a_used_token_that_comes_back_ends_the_family(
    anonymous: ApiClient, manager: Administrator
) -> None:
    token, other = session_of(manager), session_of(manager)
    _, body = refresh(anonymous, token)
    _age_uses(settings.REFRESH_TOKEN_GRACE + timedelta(seconds=1))

    replayed = refresh(anonymous, token)

    assert replayed == REFUSED
    assert refresh(anonymous, body["refresh_token"]) == REFUSED
    event = Event.across_stores.get(name="RefreshTokenWasReplayed")
    assert event.subject_kind == "refreshTokenFamily"
    assert refresh(anonymous, other)[0] == 200, "Another login is another family."


def test_a_used_token_comes_back_too_late_once_its_successor_was_used(
    anonymous: ApiClient, manager: Administrator
) -> None:
    """Within the grace: whoever used the successor had the first answer."""
    token = session_of(manager)
    _, body = refresh(anonymous, token)
    assert refresh(anonymous, body["refresh_token"])[0] == 200

    assert refresh(anonymous, token) == REFUSED

    assert not live().exists()


def test_an_expired_token_is_refused(anonymous: ApiClient, manager: Administrator) -> None:
    token = session_of(manager)
    RefreshToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert refresh(anonymous, token) == REFUSED
    assert RefreshToken.objects.get().used_at is None


def test_tokens_of_one_kind_and_store_are_nothing_elsewhere(
    anonymous: ApiClient, manager: Administrator, member: Member, other_store: Store
) -> None:
    admins, members = session_of(manager), session_of(member)

    for token, url in (
        (admins, MEMBER), (members, ADMIN), (members, "/api/BETA/token/refresh"),
        (members, "/api/NOWHERE/token/refresh"), ("", ADMIN), ("0" * 64, ADMIN),
        (admins.upper(), ADMIN), (f"{admins} ", ADMIN),
    ):  # fmt: skip
        assert refresh(anonymous, token, url) == REFUSED

    assert live().count() == 2


def test_whoever_is_deactivated_gets_no_new_token(
    anonymous: ApiClient, store: Store, manager: Administrator, member: Member
) -> None:
    admins, members = session_of(manager), session_of(member)
    update_administrator(administrator=manager, is_active=False, actor=TESTER, reach=EVERYTHING)
    set_member_active(store, member=member, active=False, actor=TESTER)

    assert refresh(anonymous, admins) == REFUSED
    assert refresh(anonymous, members, MEMBER) == REFUSED


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_logging_out_ends_every_session_of_the_caller(
    method: str, as_manager: ApiClient, anonymous: ApiClient, manager: Administrator,
    root: Administrator, member: Member,
) -> None:  # fmt: skip
    mine = [session_of(manager), session_of(manager)]
    others = session_of(root), session_of(member)

    answer = as_manager.request(method, "/api/token/revoke")

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Cache-Control"] == "no-store"
    assert [refresh(anonymous, token) for token in mine] == [REFUSED, REFUSED]
    assert refresh(anonymous, others[0])[0] == refresh(anonymous, others[1], MEMBER)[0] == 200
    assert Event.across_stores.filter(name="SessionsWereRevoked").count() == 1


def test_a_member_logs_out_too(as_member: ApiClient, anonymous: ApiClient, member: Member) -> None:
    token = session_of(member)

    assert as_member.get("/api/token/revoke").status_code == 204

    assert refresh(anonymous, token, MEMBER) == REFUSED


def test_nobody_logs_out_without_a_token(anonymous: ApiClient, manager: Administrator) -> None:
    token = session_of(manager)

    assert anonymous.get("/api/token/revoke").status_code == 401

    assert refresh(anonymous, token)[0] == 200


# --- Races ---------------------------------------------------------------------------------------


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trial", range(6))
def test_of_many_refreshes_at_once_one_uses_the_token_up(
    trial: int, anonymous: ApiClient, manager: Administrator
) -> None:
    token = session_of(manager)

    answers = together([lambda: refresh(anonymous, token)] * 8)

    assert [status for status, _ in answers] == [200] * 8
    assert len({body["refresh_token"] for _, body in answers}) == 1
    assert RefreshToken.objects.count() == 2
    assert live().count() == 1
    assert not Event.across_stores.filter(name="RefreshTokenWasReplayed").exists()


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_a_token_that_is_checked_before_it_is_used_has_many_winners(
    manager: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control: look first and write then, as the usual library does."""
    all_have_looked = threading.Barrier(4)

    class CheckThenUse:
        """A cursor that makes two statements of the one that decides."""

        def __init__(self, cursor: Any) -> None:
            self._cursor = cursor
            self.rowcount = 0

        def __enter__(self) -> "CheckThenUse":
            self._cursor.__enter__()
            return self

        def __exit__(self, *error: object) -> None:
            self._cursor.__exit__(*error)

        def execute(self, sql: str, values: Any) -> None:
            assert "UPDATE loyalty_refreshtoken SET used_at" in sql
            found = RefreshToken.objects.filter(hash=values["hash"], used_at=None)
            self.rowcount = found.count()
            all_have_looked.wait(PATIENCE)
            RefreshToken.objects.filter(hash=values["hash"]).update(used_at=values["now"])

    class Patched:
        def __getattr__(self, name: str) -> Any:
            return getattr(connection, name)

        def cursor(self) -> CheckThenUse:
            return CheckThenUse(connection.cursor())

    monkeypatch.setattr(sessions, "connection", Patched())
    monkeypatch.setattr(sessions, "_successor", lambda _: secrets.token_hex(32))
    token = session_of(manager)

    def use() -> str | None:
        try:
            return refresh_session(token, store=None, now=timezone.now())[1]
        except Unauthenticated:
            return None

    winners = [successor for successor in together([use] * 4) if successor]

    assert len(winners) > 1
    assert live().count() > 1


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_a_replay_ends_the_family_while_others_refresh(
    anonymous: ApiClient, manager: Administrator
) -> None:
    token = session_of(manager)
    _, body = refresh(anonymous, token)
    _age_uses(settings.REFRESH_TOKEN_GRACE + timedelta(seconds=1))

    together(
        [lambda: refresh(anonymous, token)] * 4
        + [lambda: refresh(anonymous, body["refresh_token"])] * 4
    )

    assert refresh(anonymous, token) == REFUSED
    assert not live().exists()


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["replay", "logout"])
def test_a_refresh_that_is_under_way_does_not_outlive_the_end(
    end: str,
    anonymous: ApiClient,
    as_manager: ApiClient,
    manager: Administrator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The successor is written, and not yet committed, when the family is revoked."""
    token = session_of(manager)
    _, body = refresh(anonymous, token)
    _age_uses(settings.REFRESH_TOKEN_GRACE + timedelta(seconds=1))
    written = threading.Event()
    add_link = sessions._add_link

    def add_slowly(*args: Any, **kwargs: Any) -> None:
        add_link(*args, **kwargs)
        written.set()
        time.sleep(0.3)

    monkeypatch.setattr(sessions, "_add_link", add_slowly)

    def revoke() -> Any:
        assert written.wait(PATIENCE)
        if end == "replay":
            return refresh(anonymous, token)
        return as_manager.get("/api/token/revoke").status_code

    together([lambda: refresh(anonymous, body["refresh_token"]), revoke])

    assert not live().exists()


def _age_uses(by: timedelta) -> None:
    RefreshToken.objects.filter(used_at__isnull=False).update(used_at=models.F("used_at") - by)


def test_a_head_request_logs_nobody_out(as_member: ApiClient, member: Member) -> None:
    open_session(Owner(store_id=member.store_id, member_id=member.id), now=timezone.now())

    answer = as_member.request("HEAD", "/api/token/revoke")

    assert answer.status_code == 405
    assert RefreshToken.objects.filter(revoked_at=None).count() == 1
