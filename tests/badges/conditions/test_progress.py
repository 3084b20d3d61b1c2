"""Progress says the same as the query that grants, and so do the steps that are left."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from badges.conditions.compiler import Query, Scope
from badges.conditions.parsing import parse
from badges.conditions.progress import LeafValue, Progress, leaf_values, progress
from badges.conditions.remaining import remaining
from badges.conditions.tree import (
    Basis,
    Calendar,
    Count,
    Held,
    Leaf,
    Node,
    Points,
    Rolling,
    Sum,
    is_steady,
    leaves,
)
from loyalty.models import Store
from tests.badges.conditions.interpreter import Interpreter, World, _things
from tests.badges.conditions.test_meaning import EXAMPLES, SEARCH, Case, cases, scene
from tests.badges.conditions.worlds import MEMBERS, written_into

__all__ = ["scene"]

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@pytest.mark.timeout(0)
def test_progress_is_complete_when_the_tree_is_met(scene: Store) -> None:
    @settings(SEARCH, max_examples=EXAMPLES // 4)
    @given(cases(), st.sampled_from([1, 1, 2, 3]), st.integers(0, 300))
    def search(case: Case, time: int, later: int) -> None:
        world, counting_from, found, _ = case
        now = counting_from + timedelta(hours=later)
        world = _until(world, now)
        with written_into(scene, world):
            for data in found:
                _compare(scene, world, parse(data), time, counting_from, now)

    search()


def _until(world: World, now: datetime) -> World:
    """Nothing has happened after now."""
    return World(
        world.zone,
        world.zones,
        [each for each in world.acts if each.at <= now],
        [each for each in world.transfers if each.at <= now],
        [each for each in world.ledger if each.at <= now],
        [each for each in world.listings if each.at <= now],
    )


def _compare(
    store: Store, world: World, tree: Node, time: int, counting_from: datetime, now: datetime
) -> None:
    scope = Scope(store, counting_from, time, MEMBERS[:2])
    values = leaf_values(tree, scope, now=now)
    whole = leaf_values(tree, Scope(store, counting_from, time, None), now=now)
    assert {each: whole.get(each) for each in MEMBERS[:2]} == {
        each: values.get(each) for each in MEMBERS[:2]
    }
    steps = _steps_left(tree, Scope(store, counting_from, None, None), now, time - 1)
    for member in MEMBERS[:2]:
        own = values.get(member, {})
        found = progress(tree, own, time=time)
        met = Interpreter(world, member, counting_from).times(tree, time)
        reached = met[0] if is_steady(tree) and met else met[time - 1] if len(met) >= time else None
        assert (found.completed, found.completed_at) == (reached is not None, reached)
        assert 0 <= found.current <= found.target
        assert (found.percent == 100) is found.completed
        shows = any(each.value > 0 or each.met for each in own.values())
        assert (member in steps) is shows
        if shows:
            mine = {leaf.id: _steps_of(leaf, own.get(leaf.id), time) for leaf in leaves(tree)}
            assert steps[member] == _steps(found, mine)
            if time == 1:
                assert (steps[member] == 0) is found.completed


def _steps_left(tree: Node, scope: Scope, now: datetime, granted: int) -> dict[Any, int]:
    before = Query(
        "SELECT unnest(%(gm)s::uuid[]) AS member_id, %(gn)s::bigint AS granted",
        {"gm": MEMBERS, "gn": granted},
    )
    query = remaining(tree, scope, now=now, granted=before)
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        return dict(cursor.fetchall())


def _steps_of(leaf: Leaf, own: LeafValue | None, time: int) -> int:
    found = progress(leaf, {leaf.id: own} if own else {}, time=time)
    if found.completed:
        return 0
    if isinstance(leaf, Sum | Points):
        return 1 if found.current >= found.target * Decimal("0.8") else 2
    return max(1, int(found.target - found.current))


def _steps(node: Progress, of_leaves: dict[str, int]) -> int:
    if not node.conditions:
        return of_leaves[node.id]
    return sum(sorted(_steps(each, of_leaves) for each in node.conditions)[: int(node.target)])


@pytest.mark.timeout(0)
def test_values_are_what_is_there_now(scene: Store) -> None:
    """Of leaves whose value can be told without looking at how often they were met."""

    @settings(SEARCH, max_examples=EXAMPLES // 4)
    @given(cases(), st.integers(0, 300))
    def search(case: Case, later: int) -> None:
        world, counting_from, found, _ = case
        now = counting_from + timedelta(hours=later)
        world = _until(world, now)
        with written_into(scene, world):
            for data in found:
                for leaf in leaves(parse(data)):
                    values = leaf_values(leaf, Scope(scene, counting_from, None, None), now=now)
                    for member in MEMBERS:
                        naive = _value(Interpreter(world, member, counting_from), leaf, now)
                        value = values.get(member, {}).get(leaf.id, LeafValue()).value
                        assert naive in {None, value}, (data, member)

    search()


def _value(told: Interpreter, leaf: Leaf, now: datetime) -> Decimal | None:
    if isinstance(leaf, Points):
        lifetime = leaf.basis is Basis.LIFETIME
        return sum(
            (
                each.amount
                for each in told._transfers(leaf.wallet)
                if not lifetime
                or (each.kind == "adding" and not each.cancelled and each.at >= told.counting_from)
            ),
            Decimal(0),
        )
    if isinstance(leaf, Held):
        lines = (each for each in told.world.ledger if each.badge_type == leaf.badge_type_id)
        mine = (each for each in lines if each.member == told.member and each.kind != "expiry")
        return Decimal(sum(each.delta for each in mine))
    if not isinstance(leaf, Count | Sum):
        return None
    acts = told._activity(leaf.event, leaf.filters)
    if isinstance(leaf.window, Rolling):
        met = told.times(leaf, None)
        opens = now - timedelta(hours=leaf.window.hours)
        acts = [each for each in acts if each.at >= opens and (not met or each.at > met[-1])]
        return _total(leaf, acts)
    if isinstance(leaf.window, Calendar):
        window = leaf.window
        today = told._beginning(window.period, now, window.zone)
        acts = [each for each in acts
                if told._beginning(window.period, each.at, window.zone) == today]  # fmt: skip
        total = _total(leaf, acts)
        return Decimal(0) if total >= leaf.target else total
    return _total(leaf, next(told._windows(leaf)))


def _total(leaf: Count | Sum, acts: list[Any]) -> Decimal:
    if isinstance(leaf, Sum):
        return sum((each.value - each.returned for each in acts), Decimal(0))
    return Decimal(len(_things(leaf, acts)))
