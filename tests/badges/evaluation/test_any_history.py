"""Whatever happens, in whatever order: evaluation comes to rest, and the ledger adds up."""

import os
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, ConditionVersion, MemberBadge
from badges.selectors.as_of import badges_as_of
from badges.services.badge_types import set_badge_type_active, update_badge_type
from badges.services.evaluation_job import stage_evaluation, stage_undoing
from badges.services.expiry import sweep
from badges.services.grants import set_completed_count
from loyalty.errors import Conflict
from loyalty.models import Job, Store
from members.models import Activity, Member
from tests.builders import TESTER, give_badge, make_badge_type, make_member
from tests.evaluating import assert_verified, bought, brought_back, publish, settle

LONG = os.environ.get("ROSETTE_LONG") == "1"
NOW = timezone.now()
STEPS = 30


class World:
    """Two badges, one above the other, two members, and a hundred days of history."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.choose = random.Random(seed)
        self.members = [make_member(store) for _ in range(2)]
        self.below, self.above = make_badge_type(store, "below"), make_badge_type(store, "above")
        self.bought: list[tuple[Member, str]] = []
        self.publish(self.below, "fromNowOn")
        self.publish(self.above, "fromNowOn")

    def moment(self) -> datetime:
        return NOW - timedelta(hours=self.choose.randrange(1, 2400))

    @property
    def member(self) -> Member:
        return self.choose.choice(self.members)

    @property
    def badge_type(self) -> BadgeType:
        return self.choose.choice([self.below, self.above])

    def publish(self, badge_type: BadgeType, policy: str) -> None:
        tree = {"type": "count", "event": "transaction", "target": self.choose.randint(1, 3)}
        if badge_type == self.above:
            held = {"type": "badge", "badgeTypeId": str(self.below.id)}
            tree = self.choose.choice([
                {**held, "times": self.choose.randint(1, 3)},
                {"type": "all", "conditions": [held, tree]},
            ])  # fmt: skip
        details: dict[str, Any] = {
            "policy": policy,
            "repeat_limit": self.choose.choice([None, 1, 2, 5]),
            "refund_policy": self.choose.choice(["keep", "revoke", "grace"]),
            "grace_days": self.choose.choice([0, 30, 200]),
        }
        before = ConditionVersion.for_store(self.store).filter(
            badge_type=badge_type, state="current"
        )
        if policy == "fromNowOn":
            details["counting_from"] = self.moment()
        elif earlier := before.first():
            details |= {"series": earlier.series, "counting_from": earlier.counting_from}
        version = publish(self.store, badge_type, tree, **details)
        with transaction.atomic():
            stage_evaluation(self.store, version, actor=TESTER, take_away=policy == "takeAway")

    # --- What may happen ----------------------------------------------------------------------

    def buy(self) -> None:
        member, number = self.member, f"{len(self.bought)}"
        bought(self.store, member, self.moment(), number)
        self.bought.append((member, number))

    def bring_back(self) -> None:
        if self.bought:
            place = self.choose.randrange(len(self.bought))
            brought_back(self.store, self.bought[place][0], NOW, self.bought[place][1])

    def give(self) -> None:
        badge_type = self.badge_type
        badge_type.refresh_from_db()
        if badge_type.active:
            give_badge(self.store, self.member, badge_type)

    def correct(self) -> None:
        held = list(MemberBadge.for_store(self.store).select_related("member", "badge_type"))
        if held:
            one = self.choose.choice(held)
            if one.badge_type.validity == "unlimited":
                set_completed_count(
                    self.store, member=one.member, badge_type=one.badge_type, actor=TESTER,
                    completed_count=self.choose.randint(0, 3), now=timezone.now(),
                )  # fmt: skip

    def edit(self) -> None:
        self.publish(self.badge_type, self.choose.choice(["fromNowOn", "onlyAdd", "takeAway"]))

    def switch(self) -> None:
        badge_type, active = self.badge_type, self.choose.random() < 0.8
        set_badge_type_active(self.store, badge_type=badge_type, active=active, actor=TESTER)

    def limit_time(self) -> None:
        kind = self.choose.choice(["unlimited", "unlimited", "relative", "fixed"])
        ends: dict[str, dict[str, Any]] = {
            "unlimited": {},
            "relative": {"valid_days": self.choose.randint(1, 120)},
            "fixed": {"valid_until": self.moment()},
        }
        update_badge_type(
            self.store, badge_type=self.badge_type, validity=kind, actor=TESTER, **ends[kind]
        )

    def sweep(self) -> None:
        sweep(timezone.now())

    def undo(self) -> None:
        jobs = list(Job.for_store(self.store).filter(kind="evaluate", changed__gt=0))
        if not jobs:
            return
        try:
            with transaction.atomic():
                stage_undoing(self.store, self.choose.choice(jobs), actor=TESTER)
        except Conflict:
            return
        # Whoever undoes publishes something else; here, the same is found again.
        settle()
        for version in ConditionVersion.for_store(self.store).filter(state="current"):
            with transaction.atomic():
                stage_evaluation(self.store, version, actor=TESTER)

    def step(self) -> None:
        happenings: list[tuple[int, Callable[[], None]]] = [
            (12, self.buy), (6, self.bring_back), (2, self.give), (2, self.correct),
            (2, self.edit), (1, self.switch), (1, self.limit_time), (1, self.sweep),
            (3, self.undo),
        ]  # fmt: skip
        weights, choices = zip(*happenings, strict=True)
        for happen in self.choose.choices(choices, weights, k=self.choose.randint(1, 3)):
            happen()

    # --- What holds ---------------------------------------------------------------------------

    def check(self) -> None:
        assert_verified(self.store)
        lines = BadgeEntry.for_store(self.store).count()
        for version in ConditionVersion.for_store(self.store).filter(state="current"):
            with transaction.atomic():
                stage_evaluation(self.store, version, actor=TESTER)
        settle()
        assert BadgeEntry.for_store(self.store).count() == lines, "It did not come to rest."
        for member in self.members:
            for held in badges_as_of(self.store, member, timezone.now()):
                count = MemberBadge.for_store(self.store).get(
                    member=member, badge_type=held.badge_type_id
                )
                assert held.completed_count == count.completed_count


@pytest.mark.parametrize("seed", range(100 if LONG else 6))
def test_evaluation_comes_to_rest(seed: int, store: Store) -> None:
    world = World(store, seed)
    for _ in range(STEPS):
        world.step()
        world.check()
    assert Activity.for_store(store).count() > STEPS / 2
