"""How far a member is with badges: two statements, whatever the number of badges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from badges.conditions.progress import LeafValue, Progress, progress
from badges.conditions.query import Scope
from badges.conditions.tree import Node
from badges.conditions.values import values
from badges.models import BadgeType
from badges.selectors.comparison import tree_of
from badges.selectors.condition_names import names_for
from badges.selectors.holdings import IN_FORCE
from loyalty.errors import NotFound
from loyalty.models import Store
from members.models import Member


@dataclass(frozen=True, slots=True)
class BadgeProgress:
    """One badge: what the member has of it, and how far the `time`-th completion is.

    `completed_count` is what the member holds now.  `is_finished`: conditions have given the badge
    as often as it can be earned, and `time` is the last one.
    """

    badge_type_id: UUID
    system_code: str
    name: str
    hidden: bool
    completed_count: int
    repeat_limit: int | None
    time: int
    is_finished: bool
    condition: Progress

    @property
    def percent(self) -> int:
        return 100 if self.is_finished else self.condition.percent


@dataclass(frozen=True, slots=True)
class ProgressPage:
    items: list[BadgeProgress]
    total: int


def progress_of_member(
    store: Store,
    member: Member,
    *,
    now: datetime,
    size: int,
    offset: int = 0,
    locale: str | None = None,
    with_hidden: bool = False,
) -> ProgressPage:
    """The active badges with a condition in force, in the order of their ranks."""
    rows = _rows(store, member, locale, with_hidden=with_hidden, size=size, offset=offset)
    if not rows:
        return ProgressPage([], _count(store, with_hidden=with_hidden) if offset else 0)
    found = _progress(store, member, rows, now, locale, with_hidden=with_hidden)
    return ProgressPage(found, rows[0].total)


def progress_with_badge(
    store: Store,
    member: Member,
    badge_type: BadgeType,
    *,
    now: datetime,
    locale: str | None = None,
    with_hidden: bool = False,
) -> BadgeProgress:
    """Raises `NotFound` where `progress_of_member` does not show the badge."""
    found = find_progress(
        store, member, badge_type, now=now, locale=locale, with_hidden=with_hidden
    )
    if found is None:
        raise NotFound
    return found


def find_progress(
    store: Store,
    member: Member,
    badge_type: BadgeType,
    *,
    now: datetime,
    locale: str | None,
    with_hidden: bool,
) -> BadgeProgress | None:
    rows = _rows(store, member, locale, with_hidden=with_hidden, badge_type=badge_type)
    if not rows:
        return None
    return _progress(store, member, rows, now, locale, with_hidden=with_hidden)[0]


@dataclass(frozen=True, slots=True)
class _Row:
    badge_type_id: UUID
    system_code: str
    name: str
    hidden: bool
    resolved: str
    counting_from: datetime
    repeat_limit: int | None
    completed_count: int
    in_series: int
    in_all: int
    total: int

    @property
    def node(self) -> Node:
        return tree_of(self.resolved)

    @property
    def is_finished(self) -> bool:
        return self.repeat_limit is not None and self.in_all >= self.repeat_limit

    @property
    def time(self) -> int:
        return max(self.in_series, 1) if self.is_finished else self.in_series + 1


# `in_series`: what conditions have granted and the version counts on from.
_FOUND = """
  FROM badges_badgetype type
  JOIN badges_conditionversion v
    ON v.store_id = type.store_id AND v.badge_type_id = type.id AND v.state = 'current'
 WHERE type.store_id = %(store)s AND type.deleted_at IS NULL AND type.active
   AND (%(with_hidden)s::boolean OR NOT v.hidden)
   AND (%(badge_type)s::uuid IS NULL OR type.id = %(badge_type)s::uuid)
"""
_ROWS = f"""
SELECT shown.id, shown.system_code, shown.name, shown.hidden, shown.resolved,
       shown.counting_from, shown.repeat_limit, coalesce(held.completed_count, 0),
       coalesce(earned.in_series, 0), coalesce(earned.in_all, 0), shown.total
  FROM (SELECT type.id, type.store_id, type.system_code, type.display_rank, type.validity,
               type.valid_until, type.valid_days,
               coalesce(type.translations #>> ARRAY[%(locale)s, 'name'],
                        type.translations #>> ARRAY[%(default_locale)s, 'name'],
                        type.system_code) AS name,
               v.hidden, v.resolved::text AS resolved, v.counting_from, v.repeat_limit, v.series,
               count(*) OVER () AS total
          {_FOUND}
         ORDER BY type.display_rank, type.id LIMIT %(size)s OFFSET %(offset)s) shown
  LEFT JOIN LATERAL (
       SELECT held.completed_count FROM badges_memberbadge held, LATERAL (
              SELECT shown.validity, shown.valid_until, shown.valid_days) type
        WHERE held.store_id = shown.store_id AND held.member_id = %(member)s
          AND held.badge_type_id = shown.id AND {IN_FORCE}) held ON true
  LEFT JOIN LATERAL (
       SELECT sum(e.delta) AS in_all, sum(e.delta) FILTER (WHERE by.series = shown.series)
              AS in_series
         FROM badges_badgeentry e
         JOIN badges_conditionversion by ON by.store_id = e.store_id AND by.id = e.version_id
        WHERE e.store_id = shown.store_id AND e.member_id = %(member)s
          AND e.badge_type_id = shown.id AND e.completion IS NOT NULL) earned ON true
 ORDER BY shown.display_rank, shown.id
"""  # noqa: S608 (every value is a parameter)


def _rows(
    store: Store,
    member: Member,
    locale: str | None,
    *,
    with_hidden: bool,
    badge_type: BadgeType | None = None,
    size: int = 1,
    offset: int = 0,
) -> list[_Row]:
    asked: dict[str, Any] = {
        "store": store.id,
        "member": member.id,
        "locale": locale or store.default_locale,
        "default_locale": store.default_locale,
        "with_hidden": with_hidden,
        "badge_type": badge_type and badge_type.id,
        "size": size,
        "offset": offset,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, asked)
        return [_Row(*row) for row in cursor.fetchall()]


def _count(store: Store, *, with_hidden: bool) -> int:
    asked: dict[str, Any] = {"store": store.id, "with_hidden": with_hidden, "badge_type": None}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {_FOUND}", asked)
        return int(cursor.fetchone()[0])


def _progress(
    store: Store,
    member: Member,
    rows: Sequence[_Row],
    now: datetime,
    locale: str | None,
    *,
    with_hidden: bool,
) -> list[BadgeProgress]:
    names = names_for(store, (row.node for row in rows), locale, with_hidden=with_hidden)
    return [
        BadgeProgress(
            badge_type_id=row.badge_type_id,
            system_code=row.system_code,
            name=row.name,
            hidden=row.hidden,
            completed_count=row.completed_count,
            repeat_limit=row.repeat_limit,
            time=row.time,
            is_finished=row.is_finished,
            condition=progress(row.node, found, time=row.time, names=names),
        )
        for row, found in zip(rows, _leaf_values(store, member, rows, now), strict=True)
    ]


def _leaf_values(
    store: Store, member: Member, rows: Sequence[_Row], now: datetime
) -> list[Mapping[str, LeafValue]]:
    """Of each row, the values of its leaves by their ids: one statement."""
    parts, params = list[str](), dict[str, Any]()
    for place, row in enumerate(rows):
        scope = Scope(store, row.counting_from, row.time, [member.id])
        query = values(row.node, scope, now=now, prefix=f"v{place}_")
        parts.append(
            f"SELECT {place} AS place, node_id, value, met, reached_at FROM ({query.sql}) q{place}"  # noqa: S608
        )
        params |= query.params
    found: list[dict[str, LeafValue]] = [{} for _ in rows]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        for place, node_id, *rest in cursor.fetchall():
            found[place][node_id] = LeafValue(*rest)
    return list(found)
