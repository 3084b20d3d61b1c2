"""The part of a world that awards badges: rules, a condition in force, its draft, a dry run."""

from dataclasses import dataclass
from typing import TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from django.utils import timezone

from badges.models import BadgeType, Rule, RuleGroup, RuleKind
from badges.services.conditions import publish_condition, save_draft
from badges.services.confirmations import complete_rule, confirm
from badges.services.dry_runs import start_dry_run
from badges.services.rule_groups import create_rule_group
from badges.services.rules import create_rule
from loyalty.models import Job, Store, StoreOwnedModel
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk
from members.models import EventSchema, Member, MemberList
from tests.builders import TESTER
from tests.evaluating import happened

COMPLETION, CONFIRMED = "c-1", "vip"
"""Natural keys that every world has."""

Row = TypeVar("Row", bound=StoreOwnedModel)


def known_id(mark: str, what: str) -> UUID:
    """The id of such a row in the world of that mark, for bodies that are written beforehand."""
    return uuid5(NAMESPACE_URL, f"{mark} {what}")


@dataclass
class ConditionWorld:
    rule: Rule
    """External, completed by the twin, and needed by nothing."""
    group: RuleGroup
    """Of another rule, which the condition in force needs."""
    event: str
    """A type of activity; the twin did it once, and needs it twice."""
    member_list: MemberList
    dry_run: Job
    """Done, of the draft."""
    ids: list[str]


def make_condition_world(
    store: Store, mark: str, badge_type: BadgeType, twin: Member
) -> ConditionWorld:
    now = timezone.now()
    event = f"{mark}_visit"
    EventSchema(store=store, event_type=event, name=mark).save()
    listed = MemberList(store=store, name=f"{mark} list")
    listed.save()
    rule = _renamed(
        create_rule(
            store, name=f"{mark} rule", description=mark, kind=RuleKind.EXTERNAL, actor=TESTER
        ),
        known_id(mark, "rule"),
    )
    needed = create_rule(
        store, name=f"{mark} visits", kind=RuleKind.ACTIVITY, event_type=event, actor=TESTER,
        filters=[{"attribute": "place", "operator": "neq", "value": mark}],
    )  # fmt: skip
    group = create_rule_group(store, name=f"{mark} group", rule_ids=[needed.id], actor=TESTER)
    happened(store, member=twin, at=now, event=event)
    complete_rule(store, rule=rule, member=twin, completion_id=COMPLETION, actor=TESTER, now=now)
    confirm(store, key=CONFIRMED, member=twin, actor=TESTER, now=now)
    tree = {"type": "all", "description": mark, "conditions": [
        {"type": "rule", "ruleId": str(needed.id), "times": 2, "description": f"{mark} rule"},
    ]}  # fmt: skip
    save_draft(store, badge_type=badge_type, tree=tree, actor=TESTER)
    published = publish_condition(store, badge_type=badge_type, actor=TESTER, now=timezone.now())
    save_draft(store, badge_type=badge_type, tree=tree, actor=TESTER)
    dry_run = start_dry_run(store, badge_type=badge_type, actor=TESTER, now=timezone.now())
    for job in (published.job, dry_run):
        start_queued_jobs(now=timezone.now())
        while work_one_chunk(now=timezone.now(), job_id=job.id):
            pass
        job.refresh_from_db()
    dry_run = _renamed(dry_run, known_id(mark, "dry run"))
    return ConditionWorld(
        rule, group, event, listed, dry_run,
        [str(row.id) for row in (rule, needed, group, listed, published.version, dry_run)],
    )  # fmt: skip


def _renamed(row: Row, row_id: UUID) -> Row:
    """A row like this one, by an id that is known."""
    type(row).for_store(row.store).filter(id=row.id).delete()
    row.id = row_id
    row.save(force_insert=True)
    return row
