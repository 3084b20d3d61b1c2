"""Define badge types."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import py_svg_hush
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from badges.models import BadgeIcon, BadgeType, ConditionVersion, Validity, VersionState
from badges.models.badge_types import COLOR, SYSTEM_CODE
from badges.services.condition_locks import change_conditions
from badges.services.condition_versions import forget_condition, locked_badge_type
from badges.services.evaluation_job import stage_evaluation
from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, Violation, taken
from loyalty.identifiers import UUID_PATTERN
from loyalty.models import EventName, Store
from loyalty.services.events import record
from loyalty.transactions import writes

Translations = Mapping[str, Mapping[str, str]]

MAX_ICON_BYTES = 100_000
MAX_VALID_DAYS = 36_500
_VALIDITY = {"validity", "valid_until", "valid_days"}
_ENDS = {
    Validity.UNLIMITED: "",
    Validity.FIXED: "valid_until",
    Validity.RELATIVE: "valid_days",
}
_END_PATHS = {"valid_until": "validUntil", "valid_days": "validDays"}
# After such a change, conditions may give what they could not before.
_EVALUATED = {"active", *_VALIDITY}
_HTTPS = URLValidator(schemes=["https"])
_OWN_ICON = re.compile(rf"/icon/{UUID_PATTERN}\.svg\Z")


@writes
def create_badge_type(
    store: Store,
    *,
    system_code: str,
    translations: Translations,
    actor: Actor,
    active: bool = True,
    **attributes: Any,
) -> BadgeType:
    """Define a badge type.  `attributes` are further model fields (colours, icon, rank).

    Raises `Invalid` for a system code that is in use, and for texts without a name in the
    store's default language.
    """
    # One new badge type at a time in a store, so that a slug found free stays free.
    Store.objects.select_for_update(no_key=True).get(id=store.id)
    badge_type = BadgeType(
        store=store,
        system_code=system_code,
        translations=translations,
        active=active,
        **attributes,
    )
    _check(store, badge_type, _RULES)
    badge_type.slug = _free_slug(store, badge_type)
    try:
        with transaction.atomic():
            badge_type.save(force_insert=True)
    except IntegrityError:
        raise taken("systemCode", "A badge type with this system code already exists.") from None
    _record(store, EventName.BADGE_TYPE_CREATED, badge_type, actor, active=active)
    return badge_type


@writes
def update_badge_type(
    store: Store, *, badge_type: BadgeType, actor: Actor, **changes: Any
) -> BadgeType:
    """Change texts, activity or attributes.  The system code is fixed at creation.

    `validity` takes `valid_until` or `valid_days` with it, and the other is forgotten.
    """
    if changes.keys() & _EVALUATED:
        change_conditions(store)
    badge_type = locked_badge_type(store, badge_type)
    _apply(store, badge_type, changes, actor, EventName.BADGE_TYPE_UPDATED)
    return badge_type


@writes
def set_badge_type_active(
    store: Store, *, badge_type: BadgeType, active: bool, actor: Actor
) -> None:
    """Switch the badge type on or off.  Off: nobody earns it; who holds it keeps it.

    On: what was earned meanwhile by its conditions is granted by a job.
    """
    change_conditions(store)
    name = EventName.BADGE_TYPE_ACTIVATED if active else EventName.BADGE_TYPE_DEACTIVATED
    _apply(store, locked_badge_type(store, badge_type), {"active": active}, actor, name)


@writes
def delete_badge_type(store: Store, *, badge_type: BadgeType, actor: Actor, now: datetime) -> None:
    """Take the badge type out of sight, everywhere.  The ledger keeps what was earned.

    What awarded it is retired, and its codes may be used again.
    """
    change_conditions(store)
    badge_type = locked_badge_type(store, badge_type)
    forget_condition(store, badge_type, actor=actor, now=now)
    badge_type.deleted_at = now
    badge_type.revision += 1
    badge_type.save(update_fields=["deleted_at", "revision", "updated_at"])
    _record(store, EventName.BADGE_TYPE_DELETED, badge_type, actor)


@writes
def upload_icon(store: Store, *, badge_type: BadgeType, svg: bytes, actor: Actor) -> BadgeIcon:
    """Keep a drawing as the badge's icon, without anything in it that could act.

    Raises `Invalid` for what is not an SVG of at most 100 kB.
    """
    badge_type = locked_badge_type(store, badge_type)
    icon = BadgeIcon(store=store, svg=_harmless(svg))
    icon.save(force_insert=True)
    _apply(store, badge_type, {"icon": str(icon)}, actor, EventName.BADGE_TYPE_UPDATED)
    return icon


def _harmless(svg: bytes) -> str:
    if len(svg) > MAX_ICON_BYTES:
        raise Invalid(Violation(Code.TOO_LONG, "icon", "An icon may have 100 kB at most."))
    try:
        clean: str = py_svg_hush.filter_svg(svg).decode("utf-8")
    except ValueError:
        clean = ""
    if "<svg" not in clean:
        raise Invalid(Violation(Code.TYPE, "icon", "The file is not an SVG drawing."))
    return clean


def _apply(
    store: Store, badge_type: BadgeType, changes: Mapping[str, Any], actor: Actor, name: EventName
) -> None:
    changed = sorted(name for name, value in changes.items() if getattr(badge_type, name) != value)
    if not changed:
        return
    if _VALIDITY & set(changed):
        changed = sorted({*changed, *_VALIDITY})
    before = {field: getattr(badge_type, field) for field in changed}
    for field in changed:
        setattr(badge_type, field, changes.get(field, before[field]))
    if _VALIDITY & set(changed):
        _settle_validity(badge_type, given=changes.keys())
    _check(store, badge_type, changed)
    badge_type.revision += 1
    badge_type.save(update_fields=[*changed, "revision", "updated_at"])
    after = {field: getattr(badge_type, field) for field in changed}
    _record(store, name, badge_type, actor, before=before, after=after)
    if badge_type.active and _EVALUATED & set(changed):
        _evaluate_again(store, badge_type, actor)


def _settle_validity(badge_type: BadgeType, *, given: Collection[str]) -> None:
    """Exactly the end that the kind of validity needs; raises `Invalid` for another one."""
    needed = _ENDS[Validity(badge_type.validity)]
    wrong = [
        Violation(Code.NOT_ALLOWED, path, "This value does not belong to the badge's validity.")
        for field, path in _END_PATHS.items()
        if field != needed and field in given and getattr(badge_type, field) is not None
    ]
    if needed and getattr(badge_type, needed) is None:
        wrong.append(Violation(Code.MISSING, _END_PATHS[needed], "This field is missing."))
    if badge_type.valid_days is not None and not 1 <= badge_type.valid_days <= MAX_VALID_DAYS:
        message = f"This value should be between 1 and {MAX_VALID_DAYS}."
        wrong.append(Violation(Code.TOO_HIGH, "validDays", message))
    if wrong:
        raise Invalid(*wrong)
    for field in _END_PATHS:
        if field != needed:
            setattr(badge_type, field, None)


def _evaluate_again(store: Store, badge_type: BadgeType, actor: Actor) -> None:
    """What nobody could earn for a while, somebody may have earned."""
    current = ConditionVersion.for_store(store).filter(
        badge_type=badge_type, state=VersionState.CURRENT
    )
    for version in current.select_related("badge_type"):
        stage_evaluation(store, version, actor=actor)


def _check(store: Store, badge_type: BadgeType, fields: Iterable[str]) -> None:
    """Only of the given fields: a store may have dropped a language that old texts are in."""
    wrong = [
        violation
        for field in fields
        if field in _RULES
        for violation in _RULES[field](store, getattr(badge_type, field))
    ]
    if wrong:
        raise Invalid(*wrong)


def _wrong_icon(address: str) -> list[Violation]:
    if not address or _OWN_ICON.match(address):
        return []
    try:
        _HTTPS(address)
    except ValidationError:
        pass
    else:
        if urlsplit(address).username is None:
            return []
    return [Violation(Code.URL, "icon", "This value is not a valid https URL.")]


def _wrong_text(validator: Any, value: str, path: str) -> list[Violation]:
    try:
        validator(value)
    except ValidationError as error:
        return [Violation(Code.PATTERN, path, error.messages[0])]
    return []


def _wrong_translations(store: Store, translations: Translations) -> list[Violation]:
    wrong = [
        Violation(
            Code.UNKNOWN_FIELD, f"translations.{locale}",
            "The store does not use this language.",
        )
        for locale in translations
        if locale not in store.locales
    ]  # fmt: skip
    if not translations.get(store.default_locale, {}).get("name", "").strip():
        path = f"translations.{store.default_locale}.name"
        wrong.append(Violation(Code.BLANK, path, "This value should not be blank."))
    return wrong


_RULES: Mapping[str, Callable[[Store, Any], list[Violation]]] = {
    "system_code": lambda _, value: _wrong_text(SYSTEM_CODE, value, "systemCode"),
    "background_color": lambda _, value: _wrong_text(COLOR, value, "backgroundColor"),
    "text_color": lambda _, value: _wrong_text(COLOR, value, "textColor"),
    "icon": lambda _, value: _wrong_icon(value),
    "translations": _wrong_translations,
}


def _free_slug(store: Store, badge_type: BadgeType) -> str:
    name = badge_type.name_in(store.default_locale, store.default_locale)
    base = slugify(name)[:240] or slugify(badge_type.system_code)[:240] or "badge"
    used = set(
        BadgeType.for_store(store)
        .filter(deleted_at=None, slug__startswith=base)
        .values_list("slug", flat=True)
    )
    number, slug = 1, base
    while slug in used:
        number += 1
        slug = f"{base}-{number}"
    return slug


def _record(
    store: Store, name: EventName, badge_type: BadgeType, actor: Actor, **data: object
) -> None:
    record(
        store, name, subject_kind="badgeType", subject_id=badge_type.id, actor=actor,
        data={"systemCode": badge_type.system_code, **data},
    )  # fmt: skip
