"""Compare the badge ledger with what a condition says.

Evaluation writes what is found here; `verify` finds nothing here when evaluation was right.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from django.db import connection

from badges.conditions.compiler import Query, Scope, reached
from badges.conditions.parsing import parse
from badges.conditions.tree import Node
from badges.models import ConditionVersion, PublishPolicy, RefundPolicy, Validity
from loyalty.models import Store


class Fault(StrEnum):
    """What is not as it should be."""

    MISSING = "missing"
    LATE = "late"
    EXCESS = "excess"


@dataclass(frozen=True, slots=True)
class Difference:
    """One completion of one member, and what the ledger would have to be told of it.

    `due_at` is when it was earned by what is known now (MISSING, LATE); `granted_at` the date that
    the ledger has (LATE, EXCESS), and `granted_by` the version that wrote it.  `lines` is how many
    lines the ledger has of it so far.
    """

    member_id: UUID
    completion: int
    fault: Fault
    due_at: datetime | None
    granted_at: datetime | None
    granted_by: UUID | None
    lines: int


# A `family` is all lines about one completion of one series; `net` is 1 while conditions have it
# granted, else 0.  Its lines at one moment count together: a completion that was found to be
# earlier, or that was undone, leaves nothing at the moment that it was taken from.
#
# A completion that was taken away is given again after it was taken at the earliest, so that a
# member never had it twice on any day.  What has expired cannot be taken away any more; if what it
# was earned for came back, a later completion stays in its place (`renewed`).
#
# As in the ledger, nothing may make PostgreSQL begin with the badge type: see there.
_COMPARE = """
WITH given AS MATERIALIZED (
    SELECT %(own_store)s::uuid AS store_id, member.id AS member_id
      FROM {asked} AS asked (id)
     CROSS JOIN LATERAL (SELECT id, anonymized FROM members_member known
                          WHERE known.store_id = %(own_store)s AND known.id = asked.id
                         OFFSET 0) member
     WHERE NOT member.anonymized
), computed AS MATERIALIZED (
    SELECT given.member_id, reached.k, reached.reached_at
      FROM ({reached}) reached JOIN given USING (member_id)
), line AS MATERIALIZED (
    SELECT given.member_id, entry.kind, entry.delta, entry.version_id, entry.completion,
           entry.occurred_at
      FROM given CROSS JOIN LATERAL (
           SELECT badge_type_id, kind, delta, version_id, completion, occurred_at
             FROM badges_badgeentry known
            WHERE known.store_id = given.store_id AND known.member_id = given.member_id
           OFFSET 0) entry
     WHERE entry.badge_type_id = %(own_badge_type)s::uuid
       AND (entry.completion IS NOT NULL OR entry.kind = 'expiry')
), moment AS (
    SELECT line.member_id, version.series, line.completion, line.occurred_at,
           sum(line.delta) AS moved, count(*) AS lines,
           (array_agg(line.version_id ORDER BY line.delta DESC))[1] AS version_id
      FROM line JOIN badges_conditionversion version
        ON version.store_id = %(own_store)s AND version.id = line.version_id
     GROUP BY 1, 2, 3, 4
), family AS MATERIALIZED (
    SELECT member_id, series, completion, sum(moved) AS net, sum(lines)::int AS lines,
           max(occurred_at) FILTER (WHERE moved > 0) AS granted_at,
           max(occurred_at) FILTER (WHERE moved < 0) AS taken_at,
           (array_agg(version_id ORDER BY occurred_at DESC) FILTER (WHERE moved > 0))[1]
               AS granted_by
      FROM moment GROUP BY 1, 2, 3
), compared AS MATERIALIZED (
    SELECT coalesce(own.member_id, computed.member_id) AS member_id,
           coalesce(own.completion, computed.k) AS completion,
           coalesce(own.net, 0) AS net, coalesce(own.lines, 0) AS lines,
           own.granted_at, own.granted_by, computed.k IS NOT NULL AS is_due,
           greatest(computed.reached_at, own.taken_at + interval '1 microsecond') AS due_at
      FROM (SELECT * FROM family WHERE series = %(own_series)s::uuid) own
      FULL JOIN computed ON computed.member_id = own.member_id AND computed.k = own.completion
), expired AS (
    SELECT member_id, max(occurred_at) AS expired_at FROM line WHERE kind = 'expiry' GROUP BY 1
), renewed AS (
    SELECT member_id, count(*) AS times
      FROM compared JOIN expired USING (member_id)
     WHERE net > 0 AND granted_at <= expired_at AND due_at > expired_at
     GROUP BY 1
), excess AS (
    SELECT compared.*, row_number() OVER (PARTITION BY compared.member_id
                                          ORDER BY compared.completion) AS place
      FROM compared LEFT JOIN expired USING (member_id)
     WHERE compared.net > 0 AND NOT compared.is_due
       AND (expired.expired_at IS NULL OR expired.expired_at < compared.granted_at)
       AND (%(own_take_away)s::boolean
            OR (compared.granted_by = %(own_version)s::uuid OR %(own_takes_over)s::boolean)
               AND compared.granted_at >= %(own_revocable_from)s::timestamptz)
), surplus AS (
    SELECT excess.* FROM (
           SELECT excess.*, row_number() OVER (PARTITION BY excess.member_id
                                               ORDER BY excess.completion DESC) AS nth
             FROM excess LEFT JOIN renewed USING (member_id)
            WHERE excess.place > coalesce(renewed.times, 0)) excess
     CROSS JOIN LATERAL (
           SELECT held.completed_count FROM (
                  SELECT badge_type_id, completed_count, last_earned_at
                    FROM badges_memberbadge known
                   WHERE known.store_id = %(own_store)s AND known.member_id = excess.member_id
                  OFFSET 0) held
            WHERE held.badge_type_id = %(own_badge_type)s::uuid
              AND coalesce(%(own_valid_until)s::timestamptz,
                           held.last_earned_at + %(own_valid_for)s::interval, 'infinity')
                  > %(own_now)s::timestamptz) held
     WHERE excess.nth <= held.completed_count
), counted AS (
    SELECT member_id, sum(net) AS net
      FROM (SELECT member_id, net FROM family
            UNION ALL SELECT member_id, -1 FROM surplus) nets
     GROUP BY 1
), missing AS (
    SELECT compared.*, row_number() OVER (PARTITION BY compared.member_id
                                          ORDER BY compared.completion) AS place
      FROM compared
     WHERE compared.net = 0 AND compared.is_due
       AND compared.due_at < coalesce(%(own_valid_until)s::timestamptz, 'infinity')
)
SELECT member_id, completion, 'missing' AS fault, due_at, NULL::timestamptz AS granted_at,
       NULL::uuid AS granted_by, lines
  FROM missing LEFT JOIN counted USING (member_id)
 WHERE place <= coalesce(%(own_limit)s::bigint - coalesce(counted.net, 0), place)
UNION ALL
SELECT member_id, completion, 'late', due_at, granted_at, granted_by, lines
  FROM compared WHERE net > 0 AND is_due AND due_at < granted_at
UNION ALL
SELECT member_id, completion, 'excess', NULL, granted_at, granted_by, lines FROM surplus
 ORDER BY 1, 2
"""

_NAMED = "unnest(%(own_members)b::uuid[])"
_EVERYBODY = "(SELECT id FROM members_member WHERE store_id = %(own_store)s::uuid)"


def differences(
    store: Store,
    version: ConditionVersion,
    member_ids: Collection[UUID],
    *,
    now: datetime,
    take_away: bool = False,
) -> list[Difference]:
    """What the ledger lacks, dates too late, and has too much of, for these members.

    Too much is only what the version's refund policy takes away at `now`; with `take_away`, all
    that the series has granted and the version does not say.  Members who were anonymised have no
    differences.
    """
    if not member_ids:
        return []
    # Whatever was published has it.
    counting_from = cast("datetime", version.counting_from)
    scope = Scope(store, counting_from, version.repeat_limit, list(member_ids))
    query = reached(condition_of(version), scope)
    values = _values(store, version, member_ids, now=now, take_away=take_away)
    statement = _COMPARE.replace("{asked}", _NAMED).replace("{reached}", query.sql)
    with connection.cursor() as cursor:
        cursor.execute(statement, {**query.params, **values})
        return [
            Difference(member_id, completion, Fault(fault), due_at, granted_at, granted_by, lines)
            for member_id, completion, fault, due_at, granted_at, granted_by, lines in cursor
        ]


def comparison_of_everybody(
    store: Store,
    version: ConditionVersion,
    reached_sql: str,
    *,
    name: str,
    now: datetime,
    take_away: bool = False,
) -> Query:
    """The columns of `Difference` for the whole store, as a piece of a larger statement.

    `reached_sql` gives what the version, which need not be saved, says of everybody.  The names of
    the parameters begin with `name`.
    """
    values = _values(store, version, (), now=now, take_away=take_away)
    sql = _COMPARE.replace("{asked}", _EVERYBODY).replace("%(own_", f"%({name}_")
    return Query(
        sql.replace("{reached}", reached_sql),
        {key.replace("own_", f"{name}_"): value for key, value in values.items()},
    )


def condition_of(version: ConditionVersion) -> Node:
    """What a published version says, ready to be compiled."""
    return tree_of(json.dumps(version.resolved))


@lru_cache(maxsize=1024)
def tree_of(resolved: str) -> Node:
    """The tree of which this is the JSON; kept, so that it is read once."""
    return parse(json.loads(resolved))


def _values(
    store: Store,
    version: ConditionVersion,
    member_ids: Collection[UUID],
    *,
    now: datetime,
    take_away: bool,
) -> dict[str, Any]:
    badge_type = version.badge_type
    fixed, relative = Validity.FIXED, Validity.RELATIVE
    is_fixed, is_relative = badge_type.validity == fixed, badge_type.validity == relative
    return {
        "store": store.id,
        "own_store": store.id,
        "own_members": list(member_ids),
        "own_badge_type": badge_type.id,
        "own_version": version.id,
        "own_series": version.series,
        "own_limit": version.repeat_limit,
        "own_take_away": take_away,
        # Whoever looked again at everything, and took away what the conditions did not say, has
        # made all that is left a grant of this version.
        "own_takes_over": version.policy == PublishPolicy.TAKE_AWAY,
        "own_revocable_from": _revocable_from(version, now),
        "own_valid_until": badge_type.valid_until if is_fixed else None,
        "own_valid_for": timedelta(days=badge_type.valid_days or 0) if is_relative else None,
        "own_now": now,
    }


def _revocable_from(version: ConditionVersion, now: datetime) -> str:
    """The date from which on a completion has to be for a refund to take it away."""
    match version.refund_policy:
        case RefundPolicy.REVOKE:
            return "-infinity"
        case RefundPolicy.GRACE:
            return (now - timedelta(days=version.grace_days)).isoformat()
    return "infinity"
