"""Find badge types."""

from typing import Any

from django.db import connection
from django.db.models import F, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce

from badges.models import BadgeType, Validity
from loyalty.errors import NotFound
from loyalty.identifiers import Identifier
from loyalty.models import Store
from loyalty.models.rows import RowShape


def badge_types(store: Store) -> QuerySet[BadgeType]:
    """The badge types of the store, without those that were deleted."""
    return BadgeType.for_store(store).filter(deleted_at=None)


def badge_types_that_expire() -> list[BadgeType]:
    """Those of every store whose badges are not for ever, with their stores."""
    found = BadgeType.across_stores.exclude(validity=Validity.UNLIMITED)
    return list(found.select_related("store").order_by("store_id", "id"))


def named_badge_types(store: Store, locale: str | None = None) -> QuerySet[Any]:
    """The same with a `name`, by which they can be found and sorted."""
    return badge_types(store).annotate(name=name_expression(store, locale))


def name_expression(store: Store, locale: str | None, *, through: str = "") -> Coalesce:
    """The badge type's name in that language, else in the store's own (notes, section 6.3).

    `through` is the path to the badge type, such as "badge_type__".
    """
    languages = dict.fromkeys(filter(None, (locale, store.default_locale)))
    names = [
        KeyTextTransform("name", KeyTransform(language, f"{through}translations"))
        for language in languages
    ]
    return Coalesce(*names, F(f"{through}system_code"), output_field=TextField())


_BADGE_TYPE = RowShape(BadgeType)
_BY_NAME = {
    key: f"""
    SELECT {_BADGE_TYPE.columns("t")} FROM badges_badgetype t
     WHERE t.store_id = %s AND t.deleted_at IS NULL AND {name} = %s
    """  # noqa: S608 (the names of our own columns)
    for key, name in {"id": "t.id", "systemCode": "t.system_code"}.items()
}


def get_badge_type(store: Store, identifier: Identifier) -> BadgeType:
    with connection.cursor() as cursor:
        cursor.execute(_BY_NAME[identifier.key], [store.id, identifier.value])
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    return _BADGE_TYPE.instance(row)


def named_badge_type_row(
    store: Store, identifier: Identifier, locale: str | None
) -> dict[str, Any]:
    """One badge type as a row with its `name`; raises `NotFound`."""
    row = _named(named_badge_types(store, locale), identifier).values().first()
    if row is None:
        raise NotFound
    return dict(row)


def _named(found: QuerySet[Any], identifier: Identifier) -> QuerySet[Any]:
    if identifier.key == "id":
        return found.filter(id=identifier.uuid)
    return found.filter(system_code=identifier.value)
