"""What a condition would do to a whole store, computed in one statement and so in one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import QuerySet

from badges.conditions.compiler import Query, Scope, reached
from badges.conditions.tree import Node
from badges.models import BadgeType, ConditionVersion, PublishPolicy, Validity
from badges.selectors.comparison import comparison_of_everybody
from badges.selectors.dry_run_answer import ANSWER
from loyalty.errors import NotFound
from loyalty.models import Job, Store
from loyalty.models.keys import new_id

DRY_RUN = "dry_run"
SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a resolved tree for a badge type, and how it would be put into force.

    `former` is the version that it would follow; None: it would be the first one.
    """

    badge_type: BadgeType
    node: Node
    counting_from: datetime
    repeat_limit: int | None
    former: ConditionVersion | None


def dry_runs(store: Store, badge_type: BadgeType) -> QuerySet[Job]:
    found = Job.for_store(store).filter(kind=DRY_RUN)
    return found.filter(parameters__badgeTypeId=str(badge_type.id))


def get_dry_run(store: Store, badge_type: BadgeType, job_id: UUID | str) -> Job:
    found = dry_runs(store, badge_type).filter(id=job_id).first()
    if found is None:
        raise NotFound
    return found


def dry_run(store: Store, question: Question, *, now: datetime) -> dict[str, Any]:
    """Who would earn the badge and when, and what each policy would write into the ledger.

    The keys are those of the API; moments are ISO 8601 texts.  Members are named by their ids.
    It is what evaluation would do if the badge type is active.
    """
    query = _query(store, question, now)
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        (text,) = cursor.fetchone()
    found: Mapping[str, Any] = orjson.loads(text)
    return {
        "computedAt": now.isoformat(),
        "countingFrom": question.counting_from.isoformat(),
        "repeatLimit": question.repeat_limit,
        "isEdit": question.former is not None,
        **found,
    }


def _query(store: Store, question: Question, now: datetime) -> Query:
    """`again`: what is met since `counting_from`; `afresh`: since now.  Then the differences that
    evaluation would find under each policy, by the statement with which it finds them.

    Before a first version conditions have granted nothing: all that is met is missing.
    """
    limit, former = question.repeat_limit, question.former
    again = reached(
        question.node, Scope(store, question.counting_from, limit, None), prefix="again"
    )
    parts = {"again": again}
    if former is None:
        parts["only_add"] = Query(_ALL_IS_MISSING, {"valid_until": _valid_until(question)})
        parts["take_away"] = parts["from_now_on"] = Query("SELECT * FROM only_add", {})
    else:
        parts["afresh"] = reached(question.node, Scope(store, now, limit, None), prefix="afresh")
        for name, met, policy in _POLICIES:
            parts[name] = _compared(store, question, name, met, policy, now)
    params: dict[str, Any] = {
        "store": store.id,
        "badge_type": question.badge_type.id,
        "zone": store.timezone,
        "sample": SAMPLE,
    }
    for part in parts.values():
        params |= part.params
    written = ", ".join(f"{name} AS MATERIALIZED ({part.sql})" for name, part in parts.items())
    return Query(f"WITH {written}, {ANSWER}", params)


_POLICIES = (
    ("only_add", "again", PublishPolicy.ONLY_ADD),
    ("take_away", "again", PublishPolicy.TAKE_AWAY),
    ("from_now_on", "afresh", PublishPolicy.FROM_NOW_ON),
)
_ALL_IS_MISSING = """
SELECT again.member_id, again.k AS completion, 'missing' AS fault, again.reached_at AS due_at,
       NULL::timestamptz AS granted_at
  FROM again JOIN members_member m ON m.store_id = %(store)s::uuid AND m.id = again.member_id
 WHERE NOT m.anonymized
   AND again.reached_at < coalesce(%(valid_until)s::timestamptz, 'infinity')
"""


def _valid_until(question: Question) -> datetime | None:
    badge_type = question.badge_type
    return badge_type.valid_until if badge_type.validity == Validity.FIXED else None


def _compared(
    store: Store, question: Question, name: str, met: str, policy: PublishPolicy, now: datetime
) -> Query:
    """What evaluation would find of a version that were published so."""
    former = question.former
    carries_on = former is not None and policy != PublishPolicy.FROM_NOW_ON
    version = ConditionVersion(
        store=store,
        badge_type=question.badge_type,
        series=former.series if former and carries_on else new_id(),
        policy=policy,
        repeat_limit=question.repeat_limit,
    )
    return comparison_of_everybody(
        store, version, f"SELECT * FROM {met}",  # noqa: S608 (a name of ours)
        name=name, now=now, take_away=policy == PublishPolicy.TAKE_AWAY,
    )  # fmt: skip
