"""`Idempotency-Key`: a repeated request has one effect and one answer."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

import loyalty.services.idempotency as idempotency
from badges.models import BadgeEntry, BadgeType
from badges.services.grants import grant_badge
from loyalty.models import Administrator, ApiKey, Event, IdempotencyKey, Store
from members.models import Member
from tests.builders import make_badge_type, make_member
from tests.clients import ApiClient
from tests.faults.threads import PATIENCE, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

URL = "/api/ALPHA/member/email=anna@example.com/badge"
BODY = {"systemCode": "gold"}
KEY = {"Idempotency-Key": "order-4711"}
IN_PROGRESS = {
    "code": 409, "message": "A request with this Idempotency-Key is being worked on.",
}  # fmt: skip


@pytest.mark.parametrize("trial", range(5))
def test_equal_requests_at_once_have_one_effect(
    trial: int, as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    answers = together([lambda: as_manager.post(URL, BODY, **KEY)] * 8)

    assert BadgeEntry.for_store(store).count() == 1
    assert Event.for_store(store).filter(name="BadgeCompleted").count() == 1
    firsts = [
        answer
        for answer in answers
        if answer.status_code == 200 and "Idempotent-Replayed" not in answer
    ]
    assert len(firsts) == 1
    for answer in answers:
        if answer.status_code == 200:
            assert answer.json() == {"badgeTypeId": str(badge_type.id)}
        else:
            assert (answer.status_code, answer.json()) == (409, IN_PROGRESS)
            assert answer["Retry-After"] == "1"


def test_a_request_that_is_still_worked_on_is_not_waited_for(
    as_manager: ApiClient,
    store: Store,
    member: Member,
    badge_type: BadgeType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slowly(*args: Any, **kwargs: Any) -> None:
        inside.set()
        assert go_on.wait(PATIENCE)
        grant_badge(*args, **kwargs)

    monkeypatch.setattr("badges.api.openloyalty.member_badges.grant_badge", slowly)

    def second() -> Any:
        assert inside.wait(PATIENCE)
        try:
            return as_manager.post(URL, BODY, **KEY)
        finally:
            go_on.set()

    first, meanwhile = together([lambda: as_manager.post(URL, BODY, **KEY), second])

    assert (first.status_code, meanwhile.status_code) == (200, 409)
    assert BadgeEntry.for_store(store).count() == 1
    assert as_manager.post(URL, BODY, **KEY)["Idempotent-Replayed"] == "true"


def test_without_the_keys_lock_there_are_two_effects(
    as_manager: ApiClient,
    store: Store,
    member: Member,
    badge_type: BadgeType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The positive control: both find the key unanswered before either of them works."""
    both_have_looked = threading.Barrier(2)

    def look(row_id: int) -> IdempotencyKey:
        row = IdempotencyKey.objects.get(id=row_id)
        both_have_looked.wait(PATIENCE)
        return row

    monkeypatch.setattr(idempotency, "_lock", look)

    together([lambda: as_manager.post(URL, BODY, **KEY)] * 2)

    assert BadgeEntry.for_store(store).count() == 2


def test_without_a_key_every_request_counts(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    together([lambda: as_manager.post(URL, BODY)] * 8)

    assert BadgeEntry.for_store(store).count() == 8


# --- What is the same request --------------------------------------------------------------------

Other = Callable[[ApiClient], Any]

OTHERS: dict[str, Other] = {
    "body": lambda client: client.post(URL, {"systemCode": "silver"}, **KEY),
    "empty body": lambda client: client.post(URL, {}, **KEY),
    "query": lambda client: client.post(f"{URL}?x=1", BODY, **KEY),
    "path": lambda client: client.post(URL.replace("anna", "bella"), BODY, **KEY),
    "identifier": lambda client: client.post(
        URL.replace("email=anna@example.com", "phone=+48600100200"), BODY, **KEY
    ),
    "method": lambda client: client.put(
        f"{URL}/systemCode=gold", {"badge": {"completedCount": 7}}, **KEY
    ),
    "endpoint": lambda client: client.post("/api/ALPHA/badge-type", BODY, **KEY),
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_key_is_not_for_another_request(
    what: str, as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    make_badge_type(store, "silver")
    make_member(store, email="bella@example.com")
    as_manager.post(URL, BODY, **KEY)
    before = _events(store)

    answer = OTHERS[what](as_manager)

    assert (answer.status_code, answer.json()) == (
        422, {"code": 422, "message": "This Idempotency-Key was used for another request."},
    )  # fmt: skip
    assert _events(store) == before
    assert BadgeEntry.for_store(store).count() == 1


def _events(store: Store) -> int:
    return Event.for_store(store).count()


def test_the_order_of_keys_and_parameters_does_not_make_another_request(
    as_manager: ApiClient, store: Store
) -> None:
    inner = {"systemCode": "new", "active": True, "translations": {"en": {"name": "New"}}}
    turned = dict(reversed(inner.items()))
    url = "/api/ALPHA/badge-type"
    first = as_manager.post(f"{url}?a=1&b=2", {"badgeType": inner}, **KEY)

    again = as_manager.post(f"{url}?b=2&a=1", {"badgeType": turned}, **KEY)

    assert first.status_code == 200
    assert (again.status_code, again.json()) == (200, first.json())
    assert again["Idempotent-Replayed"] == "true"


# --- Whose key, for how long, and what is kept ---------------------------------------------------


def test_a_key_belongs_to_whoever_chose_it(
    as_manager: ApiClient, as_root: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    for client in (as_manager, as_root):
        answer = client.post(URL, BODY, **KEY)

        assert answer.status_code == 200
        assert "Idempotent-Replayed" not in answer
    assert BadgeEntry.for_store(store).count() == 2


def test_a_key_belongs_to_one_store(as_root: ApiClient, store: Store, other_store: Store) -> None:
    body = {"badgeType": {"systemCode": "new", "translations": {"en": {"name": "New"}}}}
    for code in ("ALPHA", "BETA"):
        assert as_root.post(f"/api/{code}/badge-type", body, **KEY).status_code == 200

    assert BadgeType.for_store(store).count() == BadgeType.for_store(other_store).count() == 1


def test_after_a_day_the_key_is_new(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    as_manager.post(URL, BODY, **KEY)
    past = timezone.now() - settings.IDEMPOTENCY_KEY_LIFETIME - timedelta(seconds=1)
    IdempotencyKey.objects.update(created_at=past)

    answer = as_manager.post(URL, BODY, **KEY)

    assert "Idempotent-Replayed" not in answer
    assert BadgeEntry.for_store(store).count() == 2
    assert IdempotencyKey.objects.count() == 1


def test_old_keys_are_forgotten(as_manager: ApiClient, member: Member, store: Store) -> None:
    for number in range(2):
        as_manager.post(URL, BODY, **{"Idempotency-Key": f"order-{number:04d}"})
    past = timezone.now() - settings.IDEMPOTENCY_KEY_LIFETIME - timedelta(seconds=1)
    IdempotencyKey.objects.filter(key="order-0000").update(created_at=past)

    assert idempotency.forget_old_keys(now=timezone.now()) == 1

    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["order-0001"]


def test_a_refusal_is_repeated_too(as_manager: ApiClient, store: Store, member: Member) -> None:
    """A client that retries gets what it got, although the badge type is there by now."""
    first = as_manager.post(URL, BODY, **KEY)
    make_badge_type(store, "gold")

    again = as_manager.post(URL, BODY, **KEY)

    assert (first.status_code, again.status_code) == (404, 404)
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert not BadgeEntry.for_store(store).exists()


def test_a_server_error_is_not_kept(
    as_manager: ApiClient,
    store: Store,
    member: Member,
    badge_type: BadgeType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("badges.services.grants.record_changes", lambda *_, **__: 1 / 0)
        failed = as_manager.post(URL, BODY, **KEY)
    assert failed.status_code == 500
    assert not BadgeEntry.for_store(store).exists()

    answer = as_manager.post(URL, BODY, **KEY)

    assert answer.status_code == 200
    assert "Idempotent-Replayed" not in answer
    assert BadgeEntry.for_store(store).count() == 1


def test_an_answer_without_a_body_is_repeated(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    url = "/api/ALPHA/badge-type/systemCode=gold"

    first, again = as_manager.delete(url, **KEY), as_manager.delete(url, **KEY)

    assert [(answer.status_code, answer.content) for answer in (first, again)] == [(204, b"")] * 2
    assert again["Idempotent-Replayed"] == "true"
    assert "Content-Type" not in again


def test_a_repeated_answer_holds_the_same_secret_and_the_table_does_not(
    as_manager: ApiClient, manager: Administrator
) -> None:
    url = f"/api/admin/{manager.id}/api-key"
    first = as_manager.post(url, {"apiKey": {"name": "shop"}}, **KEY)

    again = as_manager.post(url, {"apiKey": {"name": "shop"}}, **KEY)

    assert first.status_code == 200
    assert again.content == first.content
    assert ApiKey.objects.filter(administrator=manager).count() == 1
    kept = bytes(IdempotencyKey.objects.get().body or b"")
    assert kept
    assert first.json()["token"].encode() not in kept


@pytest.mark.parametrize("key", ["", "short12", "k" * 256, "with a space", "ä" * 10])
def test_a_key_has_8_to_255_visible_characters(
    key: str, as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    answer = as_manager.post(URL, BODY, **{"Idempotency-Key": key})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "Idempotency-Key"
    assert not BadgeEntry.for_store(store).exists()


def test_a_read_takes_no_notice_of_a_key(as_manager: ApiClient, store: Store) -> None:
    for _ in range(2):
        answer = as_manager.get("/api/ALPHA/badge-type", **KEY)

        assert answer.status_code == 200
        assert "Idempotent-Replayed" not in answer
    assert not IdempotencyKey.objects.exists()


def test_a_key_opens_nothing_to_whoever_may_not(
    as_manager: ApiClient, as_viewer: ApiClient, member: Member, badge_type: BadgeType
) -> None:
    as_manager.post(URL, BODY, **KEY)

    answer = as_viewer.post(URL, BODY, **KEY)

    assert answer.status_code == 403
