"""Who holds which badges, how often, and how that came about."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, JSONObject, Now

from badges.models import BadgeEntry, BadgeType, MemberBadge, Validity
from badges.selectors.badge_types import badge_types, name_expression
from loyalty.errors import NotFound
from loyalty.identifiers import Identifier
from loyalty.models import Store
from members.models import Member
from members.selectors.members import NAMED, members_named

Rows = QuerySet[Any, Any]


def in_force() -> Q:
    """Of rows of `MemberBadge`: those that have not expired by now, swept or not."""
    a_day = Value(timedelta(days=1), output_field=DurationField())
    valid_for = ExpressionWrapper(F("badge_type__valid_days") * a_day, DurationField())
    earned_since = ExpressionWrapper(Now() - valid_for, DateTimeField())
    return (
        Q(badge_type__validity=Validity.UNLIMITED)
        | Q(badge_type__validity=Validity.FIXED, badge_type__valid_until__gt=Now())
        | Q(badge_type__validity=Validity.RELATIVE, last_earned_at__gt=earned_since)
    )


def held_badges(store: Store) -> QuerySet[MemberBadge]:
    """What the members of the store hold now; nothing that has expired."""
    return MemberBadge.for_store(store).filter(in_force())


def member_badges(store: Store, locale: str | None = None) -> Rows:
    """The badges that members of the store hold; those of deleted types are not shown."""
    return (
        held_badges(store)
        .filter(badge_type__deleted_at=None)
        .annotate(name=name_expression(store, locale, through="badge_type__"))
    )


@dataclass(frozen=True, slots=True)
class BadgesOfMember:
    """One page of a member's badges, and how many there are in all and after filtering.

    A row has the keys of `_ROW`; its moments are ISO 8601 texts in UTC.
    """

    rows: list[dict[str, Any]]
    all: int
    filtered: int


_ROW = JSONObject(
    badge_type_id="badge_type_id",
    system_code="badge_type__system_code",
    active="badge_type__active",
    name="name",
    translations="badge_type__translations",
    completed_count="completed_count",
    first_earned_at="first_earned_at",
    updated_at="updated_at",
)


def chosen_badges_of_member(
    store: Store,
    identifier: Identifier,
    *,
    locale: str | None,
    narrow: Callable[[Rows], Rows],
    page: Callable[[Rows], Rows],
) -> BadgesOfMember:
    """The member's badges that `narrow` filters, as `page` orders and slices them.

    One statement, which finds the member, too.  Raises `NotFound` if there is none.
    """
    every = member_badges(store, locale).filter(member_id=OuterRef("id"))
    narrowed = narrow(every)
    columns: list[Combinable] = [
        ArraySubquery(page(narrowed).values_list(_ROW)),
        _count(narrowed),
        _count(every),
    ]
    found = members_named(store, identifier).values_list(*columns).first()
    if found is None:
        raise NotFound
    # No value at all, where the filter can be told to match nothing.
    return BadgesOfMember(rows=found[0] or [], filtered=found[1], all=found[2])


# The same as `in_force` in SQL, for statements that are written by hand: `held` is the member's
# badge, `type` its type.
IN_FORCE = """
    (type.validity = 'unlimited'
     OR CASE type.validity
        WHEN 'fixed' THEN type.valid_until
        ELSE held.last_earned_at + type.valid_days * interval '1 day' END > statement_timestamp())
""".strip()

# The hottest read there is.  The ORM writes the same statement, but needs five times as long to
# write it as PostgreSQL needs to answer it.
_FIRST_BADGES = """
SELECT (SELECT coalesce(jsonb_agg(to_jsonb(row)), '[]')
          FROM (SELECT held.badge_type_id, type.system_code, type.active,
                       coalesce(type.translations #>> ARRAY[%(locale)s, 'name'],
                                type.translations #>> ARRAY[%(default_locale)s, 'name'],
                                type.system_code) AS name,
                       type.translations, held.completed_count, held.first_earned_at,
                       held.updated_at
                  FROM badges_memberbadge held
                  JOIN badges_badgetype type ON type.id = held.badge_type_id
                 WHERE held.store_id = m.store_id AND held.member_id = m.id
                   AND type.deleted_at IS NULL AND {in_force}
                 ORDER BY held.first_earned_at, held.id
                 LIMIT %(size)s OFFSET %(offset)s) row),
       (SELECT count(*)
          FROM badges_memberbadge held
          JOIN badges_badgetype type ON type.id = held.badge_type_id
         WHERE held.store_id = m.store_id AND held.member_id = m.id
           AND type.deleted_at IS NULL AND {in_force})
  FROM members_member m
 WHERE m.store_id = %(store)s AND {named}
"""
_FIRST_BADGES_BY = {
    key: _FIRST_BADGES.format(named=named, in_force=IN_FORCE) for key, named in NAMED.items()
}


def badges_of_member(
    store: Store, identifier: Identifier, *, locale: str | None, size: int, offset: int
) -> BadgesOfMember:
    """The member's badges in the order in which they were earned, `size` of them from `offset`.

    One statement, which finds the member, too.  Raises `NotFound` if there is none.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _FIRST_BADGES_BY[identifier.key],
            {
                "store": store.id,
                "member": identifier.value,
                "locale": locale or store.default_locale,
                "default_locale": store.default_locale,
                "size": size,
                "offset": offset,
            },
        )
        found = cursor.fetchone()
    if found is None:
        raise NotFound
    return BadgesOfMember(rows=orjson.loads(found[0]), filtered=found[1], all=found[1])


def holders(store: Store, badge_type: BadgeType) -> Rows:
    """The members who hold the badge, as rows of `MemberBadge` with the member joined."""
    return held_badges(store).filter(badge_type=badge_type).select_related("member")


def counts_per_badge_type(store: Store) -> Rows:
    """Each badge type with `members` (who hold it) and `completions` (how often in all)."""
    held = held_badges(store).filter(badge_type_id=OuterRef("id")).order_by()
    per_type = held.values("badge_type_id")
    return badge_types(store).annotate(
        members=Coalesce(Subquery(per_type.annotate(n=Count("id")).values("n")), 0),
        completions=Coalesce(Subquery(per_type.annotate(n=Sum("completed_count")).values("n")), 0),
    )


def entries_of_member(store: Store, member: Member) -> Rows:
    """The member's lines of the ledger, each with the count after it."""
    lines = BadgeEntry.for_store(store).filter(member=member)
    # Not a window: that would add up only the lines that a filter leaves.
    up_to_this = Q(recorded_at__lt=OuterRef("recorded_at")) | Q(
        recorded_at=OuterRef("recorded_at"), id__lte=OuterRef("id")
    )
    same_badge = lines.filter(up_to_this, badge_type_id=OuterRef("badge_type_id")).order_by()
    summed = same_badge.values("badge_type_id").annotate(n=Sum("delta")).values("n")
    return lines.annotate(count_after=Subquery(summed))


def _count(rows: Rows) -> Coalesce:
    counted = rows.order_by().values("member_id").annotate(n=Count("*")).values("n")
    return Coalesce(Subquery(counted), 0)
