"""Stores."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import DataError, IntegrityError, connection, transaction
from django.utils.text import slugify

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, Violation, taken
from loyalty.models import EventName, IdentificationMethod, Store
from loyalty.models.keys import new_id
from loyalty.services.events import record
from loyalty.transactions import writes

# First path segments of every dialect: a store called `admin` would hide its routes, or be hidden.
RESERVED_CODES = frozenset(
    {
        "acl", "admin", "api", "audit", "docs", "healthcheck", "icon", "language", "loyalty",
        "me", "members", "schema", "static", "store", "token", "translation", "v3", "v4",
    }
)  # fmt: skip
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")

_FURNISHERS: list[Callable[[Store], object]] = []
_FOLLOWERS: list[tuple[Callable[[Store], object], Callable[[Store, Actor], object]]] = []


def furnish_stores(furnisher: Callable[[Store], object]) -> None:
    """Have each new store furnished, in the transaction that opens it.  Called as an app starts."""
    _FURNISHERS.append(furnisher)


def follow_timezones(
    prepare: Callable[[Store], object], follow: Callable[[Store, Actor], object]
) -> None:
    """Have `follow` called in each transaction that changes a store's timezone, when it has.

    `prepare` is called as that transaction begins, whether the timezone will change or not, to
    take the locks that others take before they lock the store.  Called as an app starts.
    """
    _FOLLOWERS.append((prepare, follow))


@writes
def create_store(
    *,
    name: str,
    currency: str,
    active: bool,
    actor: Actor,
    code: str | None = None,
    timezone: str = "UTC",
    locales: list[str] | None = None,
    default_locale: str = "en",
) -> Store:
    """Open a store.  Without a code one is made from the name."""
    store = Store(
        code=code if code is not None else _code_from(name),
        name=name,
        currency=currency,
        active=active,
        timezone=timezone,
        locales=locales or [default_locale],
        default_locale=default_locale,
        created_by=actor.label,
        updated_by=actor.label,
    )
    _check(store)
    try:
        with transaction.atomic():
            store.save(force_insert=True)
    except IntegrityError:
        raise taken("code", "A store with this code already exists.") from None
    record(
        store, EventName.STORE_CREATED, subject_kind="store", subject_id=store.id, actor=actor,
        data={"code": store.code},
    )  # fmt: skip
    for furnish in _FURNISHERS:
        furnish(store)
    return store


@writes
def update_store(store: Store, *, actor: Actor, **changes: Any) -> Store:
    """Change the given fields; a code, once given, stays (it stands in integrators' URLs)."""
    if "timezone" in changes:
        for prepare, _ in _FOLLOWERS:
            prepare(store)
    # Its key stays, so whoever writes rows of the store meanwhile need not wait.
    store = Store.objects.select_for_update(no_key=True).get(id=store.id)
    if changes.get("code", store.code) != store.code:
        raise Invalid(Violation(Code.NOT_ALLOWED, "code", "The code of a store cannot be changed."))
    changed = sorted(name for name, value in changes.items() if getattr(store, name) != value)
    before = {name: getattr(store, name) for name in changed}
    for name in changed:
        setattr(store, name, changes[name])
    _check(store)
    if changed:
        store.updated_by = actor.label
        store.save(update_fields=[*changed, "updated_by", "updated_at"])
        record(
            store, EventName.STORE_UPDATED, subject_kind="store", subject_id=store.id, actor=actor,
            data={"before": before, "after": {name: getattr(store, name) for name in changed}},
        )  # fmt: skip
    if "timezone" in changed:
        for _, follow in _FOLLOWERS:
            follow(store, actor)
    return store


def _code_from(name: str) -> str:
    # A name without a letter that a URL may hold gives a code that says nothing, and is free.
    return slugify(name)[:64].strip("-_") or f"store-{new_id().hex[-8:]}"


def _check(store: Store) -> None:
    wrong: list[Violation] = []
    if not _CODE.match(store.code):
        wrong.append(Violation(Code.PATTERN, "code", "This value is not valid."))
    elif store.code.lower() in RESERVED_CODES:
        wrong.append(Violation(Code.TAKEN, "code", "This code is reserved."))
    if not _CURRENCY.match(store.currency):
        wrong.append(Violation(Code.CHOICE, "currency", "This value is not a valid currency."))
    if not is_timezone(store.timezone):
        wrong.append(Violation(Code.CHOICE, "timezone", "This value is not a valid timezone."))
    if not store.locales or not all(_LOCALE.match(locale) for locale in store.locales):
        wrong.append(Violation(Code.CHOICE, "locales", "This value is not a valid locale."))
    elif store.default_locale not in store.locales:
        message = "The default locale must be one of the locales."
        wrong.append(Violation(Code.CHOICE, "defaultLocale", message))
    if store.identification_method not in IdentificationMethod.values:
        message = "The value you selected is not a valid choice."
        wrong.append(Violation(Code.CHOICE, "identificationMethod", message))
    if wrong:
        raise Invalid(*wrong)


@lru_cache(maxsize=1024)
def is_timezone(name: str) -> bool:
    """Whether both Python and PostgreSQL know a zone of that name: conditions ask either."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT now() AT TIME ZONE %s::text", [name])
    except DataError:
        return False
    return True
