"""Prove that what is stored is what the logs say, or name each difference.

Three things are compared, member by member: the badges that members hold with the sums of the
ledger; the completions in the ledger with a fresh computation by the current conditions; and each
completion's lines with the rule that it is granted once.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from badges.models import ConditionVersion, VersionState
from badges.selectors.comparison import Difference, Fault, differences
from loyalty.models import Job, JobState, Store
from loyalty.transactions import snapshot
from members.models import Member

CHUNK = 2000
# What was learned so recently may be waiting for its evaluation.
PATIENCE = timedelta(minutes=1)
EVALUATE, UNDO_EVALUATION = "evaluate", "undo_evaluation"
# A job that was paused or has failed may stay so for ever, and what it left undone is a difference.
_UNDER_WAY = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, for people to read."""

    member_id: UUID
    system_code: str
    text: str

    def __str__(self) -> str:
        return f"member {self.member_id}, badge {self.system_code}: {self.text}"


@dataclass(frozen=True, slots=True)
class Verification:
    """`differences` are found as they are read; `warnings` say what was not compared, and why."""

    differences: Iterator[Finding]
    warnings: list[str]


# The dates are those of the moments at which the badge was earned, as the ledger counts them.
_PROJECTION = """
WITH given AS MATERIALIZED (
    SELECT %(store)s::uuid AS store_id, unnest(%(members)b::uuid[]) AS member_id
), line AS MATERIALIZED (
    SELECT given.member_id, entry.*
      FROM given CROSS JOIN LATERAL (
           SELECT badge_type_id, delta, version_id, completion, occurred_at
             FROM badges_badgeentry known
            WHERE known.store_id = given.store_id AND known.member_id = given.member_id
           OFFSET 0) entry
), earned AS (
    SELECT member_id, badge_type_id, min(occurred_at) AS first_at, max(occurred_at) AS last_at
      FROM (SELECT member_id, badge_type_id, occurred_at FROM line
             WHERE delta > 0 OR completion IS NOT NULL
             GROUP BY 1, 2, 3, version_id, completion HAVING sum(delta) > 0) moments
     GROUP BY 1, 2
), summed AS (
    SELECT member_id, badge_type_id, sum(delta) AS total FROM line GROUP BY 1, 2
), held AS MATERIALIZED (
    SELECT given.member_id, known.*
      FROM given CROSS JOIN LATERAL (
           SELECT badge_type_id, completed_count, first_earned_at, last_earned_at
             FROM badges_memberbadge known
            WHERE known.store_id = given.store_id AND known.member_id = given.member_id
           OFFSET 0) known
)
SELECT member_id, type.system_code, coalesce(held.completed_count, 0), coalesce(summed.total, 0),
       held.first_earned_at, earned.first_at, held.last_earned_at, earned.last_at
  FROM summed FULL JOIN held USING (member_id, badge_type_id)
  LEFT JOIN earned USING (member_id, badge_type_id)
  JOIN badges_badgetype type ON type.store_id = %(store)s AND type.id = badge_type_id
 WHERE coalesce(held.completed_count, 0) <> coalesce(summed.total, 0)
    OR (held.first_earned_at, held.last_earned_at) <> (earned.first_at, earned.last_at)
 ORDER BY 1, 2
"""

_COMPLETIONS = """
SELECT given.member_id, type.system_code, entry.completion, sum(entry.delta)
  FROM unnest(%(members)b::uuid[]) AS given (member_id)
 CROSS JOIN LATERAL (
       SELECT badge_type_id, version_id, completion, delta FROM badges_badgeentry known
        WHERE known.store_id = %(store)s AND known.member_id = given.member_id OFFSET 0) entry
  JOIN badges_conditionversion version
    ON version.store_id = %(store)s AND version.id = entry.version_id
  JOIN badges_badgetype type ON type.store_id = %(store)s AND type.id = entry.badge_type_id
 GROUP BY 1, 2, 3, version.series
HAVING sum(entry.delta) NOT IN (0, 1)
 ORDER BY 1, 2, 3
"""

_WAITING = """
SELECT DISTINCT member_id FROM members_touchedmember
 WHERE store_id = %(store)s AND touched_at >= %(since)s AND failures = 0
"""

_LEFT_OVER = """
SELECT count(*), count(*) FILTER (WHERE failures > 0), min(touched_at), max(problem)
  FROM members_touchedmember
 WHERE store_id = %(store)s AND (touched_at < %(since)s OR failures > 0)
"""


def verify(store: Store, *, now: datetime, member: Member | None = None) -> Verification:
    """Compare the store, or one member, chunk by chunk, each chunk as it is at one moment.

    Members about whom something was learned within the last minute are compared by what is
    stored only, because their evaluation may be under way; so are conditions whose evaluation for
    everybody is.
    """
    versions, warnings = _versions(store)
    warnings += _left_over(store, now)
    return Verification(_findings(store, versions, now, member), warnings)


def _findings(
    store: Store, versions: Sequence[ConditionVersion], now: datetime, member: Member | None
) -> Iterator[Finding]:
    for members in [[member.id]] if member else _chunks(store):
        with snapshot():
            found = list(_compare(store, versions, members, now))
        yield from found


def _chunks(store: Store) -> Iterator[list[UUID]]:
    last = UUID(int=0)
    while True:
        following = Member.for_store(store).filter(id__gt=last).order_by("id")
        members = list(following.values_list("id", flat=True)[:CHUNK])
        if not members:
            return
        yield members
        last = members[-1]


def _compare(
    store: Store, versions: Sequence[ConditionVersion], members: Collection[UUID], now: datetime
) -> Iterator[Finding]:
    values: dict[str, Any] = {"store": store.id, "members": list(members), "since": now - PATIENCE}
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, values)
        waiting = {member_id for (member_id,) in cursor}
        cursor.execute(_PROJECTION, values)
        for member_id, code, count, total, first, first_at, last, last_at in cursor.fetchall():
            if count != total:
                text = f"the member has it {count} times, and {total} times by the ledger"
            else:
                text = (
                    f"it was earned first at {first} and last at {last},"
                    f" and by the ledger at {first_at} and {last_at}"
                )
            yield Finding(member_id, code, text)
        cursor.execute(_COMPLETIONS, values)
        for member_id, code, completion, net in cursor.fetchall():
            yield Finding(member_id, code, f"completion {completion} is granted {net} times")
    settled = [member_id for member_id in members if member_id not in waiting]
    for version in versions:
        for difference in differences(store, version, settled, now=now):
            code = version.badge_type.system_code
            yield Finding(difference.member_id, code, _told(difference))


def _told(difference: Difference) -> str:
    completion = f"completion {difference.completion}"
    match difference.fault:
        case Fault.MISSING:
            return f"{completion} was earned at {difference.due_at}, and is not granted"
        case Fault.LATE:
            return (
                f"{completion} was earned at {difference.due_at} already,"
                f" and is granted as of {difference.granted_at}"
            )
        case Fault.EXCESS:
            return f"{completion} is granted as of {difference.granted_at}, and is not earned"


def _versions(store: Store) -> tuple[list[ConditionVersion], list[str]]:
    """The conditions to compare with, and what there is to say about the others."""
    current = (
        ConditionVersion.for_store(store)
        .filter(
            state=VersionState.CURRENT,
            badge_type__active=True,
            badge_type__deleted_at=None,
        )
        .select_related("badge_type")
        .order_by("badge_type__system_code")
    )
    compared, warnings = [], []
    under_way = _under_way(store)
    for version in current:
        job = under_way.get(str(version.id)) or under_way.get(str(version.badge_type_id))
        if job is None:
            compared.append(version)
            continue
        work = "evaluates them" if job.kind == EVALUATE else "undoes an evaluation"
        warnings.append(
            f"badge {version.badge_type.system_code}: its conditions are not compared,"
            f" because job {job.id} that {work} is {job.state}"
        )
    return compared, warnings


def _under_way(store: Store) -> dict[str, Job]:
    """Jobs at work, by the version that they evaluate, or the badge type whose past they undo.

    What is undone was another version's, and the lines of the badge type change nevertheless.
    """
    jobs = Job.for_store(store).filter(kind__in=(EVALUATE, UNDO_EVALUATION), state__in=_UNDER_WAY)
    about = {EVALUATE: "versionId", UNDO_EVALUATION: "badgeTypeId"}
    return {job.parameters[about[job.kind]]: job for job in jobs}


def _left_over(store: Store, now: datetime) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_LEFT_OVER, {"store": store.id, "since": now - PATIENCE})
        rows, failed, oldest, problem = cursor.fetchone()
    if not rows:
        return []
    text = f"{rows} touches of members wait for their evaluation, the oldest since {oldest}"
    if failed:
        text += f"; {failed} of them failed, for example: {problem}"
    return [text]
