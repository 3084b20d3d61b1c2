"""What counted and what did not add up to what there is, and to what the query grants."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badges.conditions.compiler import Scope
from badges.conditions.explanation import Explanation, explain
from badges.conditions.parsing import parse
from badges.conditions.progress import leaf_values
from badges.conditions.reasons import Reason
from badges.conditions.tree import (
    Count,
    External,
    Held,
    Leaf,
    Listed,
    Points,
    Rolling,
    Streak,
    Sum,
    checked_leaf,
    leaves,
)
from loyalty.models import Store
from tests.badges.conditions.interpreter import Act, Interpreter, World
from tests.badges.conditions.test_meaning import EXAMPLES, SEARCH, Case, cases, scene
from tests.badges.conditions.test_progress import _until
from tests.badges.conditions.worlds import MEMBERS, STORE_ZONE, written_into

__all__ = ["scene"]

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@pytest.mark.timeout(0)
def test_what_counted_is_what_the_query_counted(scene: Store) -> None:
    @settings(SEARCH, max_examples=EXAMPLES // 5)
    @given(cases(), st.integers(0, 300), st.sampled_from([1, 2]))
    def search(case: Case, later: int, time: int) -> None:
        world, counting_from, found, _ = case
        now = counting_from + timedelta(hours=later)
        world = _until(world, now)
        with written_into(scene, world):
            for data in found:
                for leaf in leaves(parse(data)):
                    for member in MEMBERS[:2]:
                        told = Interpreter(world, member, counting_from)
                        scope = Scope(scene, counting_from, time, None)
                        explanation = explain(leaf, scope, member, now=now)
                        _check(explanation, leaf, told, time)

    search()


def _check(found: Explanation, leaf: Leaf, told: Interpreter, time: int) -> None:
    assert len(found.counted) == found.total_counted
    assert len(found.not_counted) == found.total_not_counted
    assert all(fact.reasons for fact in found.not_counted)
    assert not any(fact.reasons for fact in found.counted)
    every = {fact.id: fact for fact in (*found.counted, *found.not_counted)}
    counted = {fact.id for fact in found.counted}
    if isinstance(leaf, Points | Held | Listed):
        assert len(every) == len(_lines(told.world, leaf, told.member))
        return
    acts = {act.id: act for act in told.world.acts
            if act.type == leaf.event and act.member == told.member}  # fmt: skip
    assert every.keys() == acts.keys()
    filters = () if isinstance(leaf, External) else leaf.filters
    countable = {act.id for act in told._activity(leaf.event, filters)}
    assert counted <= countable
    met = told.times(leaf, time)
    # Of activity of the same moment as the last completion, the window has lost sight.
    rolls_on = isinstance(leaf, Count | Sum) and isinstance(leaf.window, Rolling) and time > 1
    if len(met) == time and isinstance(leaf, Count | Sum | Streak) and not rolls_on:
        assert acts_enough(leaf, [acts[each] for each in counted])
    distinct = isinstance(leaf, Count) and leaf.distinct
    if not distinct and not (isinstance(leaf, Count | Sum) and leaf.window):
        assert isinstance(leaf, Streak) or counted == countable


def acts_enough(leaf: Count | Sum | Streak, acts: list[Act]) -> bool:
    if isinstance(leaf, Sum):
        return sum(act.value - act.returned for act in acts) >= leaf.target
    if isinstance(leaf, Streak):
        return len(acts) >= leaf.target * leaf.per_period
    if leaf.distinct:
        return bool(acts)
    return len(acts) >= leaf.target


def _lines(world: World, leaf: Points | Held | Listed, member: UUID) -> list[Any]:
    if isinstance(leaf, Points):
        return [x for x in world.transfers if x.member == member and x.wallet == leaf.wallet]
    if isinstance(leaf, Held):
        return [x for x in world.ledger
                if x.member == member and x.badge_type == leaf.badge_type_id]  # fmt: skip
    return [x for x in world.listings if x.member == member and x.list == leaf.list_id]


# --- Each reason, once --------------------------------------------------------------------------

ANNA = MEMBERS[0]
SINCE = datetime(2024, 5, 1, tzinfo=UTC)
NOW = datetime(2024, 5, 20, 12, tzinfo=UTC)


def _act(number: int, day: int, **more: Any) -> Act:
    details: dict[str, Any] = {"value": Decimal(10), "attributes": {"category": "tea"}} | more
    at = SINCE + timedelta(days=day - 1, hours=10)
    return Act(UUID(int=number), ANNA, "visit", at, **details)


@pytest.mark.parametrize(
    ("leaf", "reason", "words"),
    [
        ({"window": {"type": "rolling", "days": 7}}, Reason.OUTSIDE_WINDOW,
         "It is not within the same 7 days."),
        ({"window": {"type": "calendar", "period": "week"}}, Reason.OUTSIDE_WINDOW,
         "It was in another calendar week."),
        ({"type": "streak", "unit": "day"}, Reason.OUTSIDE_WINDOW,
         "Its day does not belong to the streak."),
        ({"window": {"type": "between", "from": "2024-05-15", "to": "2024-06-01"}},
         Reason.TOO_EARLY, "Only what happened from 15 May 2024, 02:00 on counts."),
        ({"filters": [{"attribute": "category", "operator": "in", "value": ["cake", "ice"]}]},
         Reason.FILTER, "Asked for is that category is one of “cake” or “ice”; category is “tea”."),
        ({"filters": [{"attribute": "value", "operator": "gt", "value": 10}]},
         Reason.FILTER, "Asked for is that the value is more than 10; the value is 10."),
        ({"filters": [{"attribute": "shop.id", "operator": "eq", "value": 7}]},
         Reason.FILTER, "Asked for is that shop id is 7; shop id is not given."),
        ({"distinct": "shop"}, Reason.FILTER, "It has no shop to be counted."),
    ],
)  # fmt: skip
def test_a_reason_in_words(scene: Store, leaf: Any, reason: Reason, words: str) -> None:
    found = _explained(scene, leaf, _act(1, day=3))

    (fact,) = found.not_counted
    assert [(why.code, why.words) for why in fact.reasons] == [(reason, words)]
    assert (found.total_counted, found.total_not_counted) == (0, 1)


@pytest.mark.parametrize(
    ("act", "reason", "words"),
    [
        (_act(1, day=-3), Reason.BEFORE_COUNTING_FROM,
         "Counting began on 1 May 2024, 02:00, after it."),
        (_act(1, day=3, reversed=True, returned=Decimal(10)), Reason.REVERSED,
         "It was returned or cancelled."),
    ],
)  # fmt: skip
def test_activity_that_cannot_count_says_why(
    scene: Store, act: Act, reason: Reason, words: str
) -> None:
    (fact,) = _explained(scene, {}, act).not_counted

    assert [(why.code, why.words) for why in fact.reasons] == [(reason, words)]


def test_a_filter_says_what_was_there_instead(scene: Store) -> None:
    asked = {"attribute": "category", "operator": "eq", "value": "cake"}

    (fact,) = _explained(scene, {"filters": [asked]}, _act(1, day=3)).not_counted

    assert [(why.filter, why.actual) for why in fact.reasons] == [(asked, "tea")]


def test_a_value_counts_once(scene: Store) -> None:
    found = _explained(scene, {"distinct": "category"}, _act(1, day=3), _act(2, day=4))

    assert [fact.id for fact in found.counted] == [UUID(int=1)]
    (fact,) = found.not_counted
    assert fact.id == UUID(int=2)
    words = "Its category was counted before."
    assert [(why.code, why.words) for why in fact.reasons] == [(Reason.DUPLICATE_VALUE, words)]


def test_the_latest_are_told_of_and_all_are_counted(scene: Store) -> None:
    acts = [_act(number, day=1 + number // 4) for number in range(1, 71)]

    found = _explained(scene, {"target": 100}, *acts)

    assert (len(found.counted), found.total_counted) == (50, 70)
    assert [fact.id for fact in found.counted] == [UUID(int=n) for n in range(70, 20, -1)]


def _explained(store: Store, leaf: Any, *acts: Act) -> Explanation:
    zones = dict.fromkeys(MEMBERS, "")
    world = World(STORE_ZONE, zones, list(acts), [], [], [])
    tree = parse({"type": "count", "event": "visit", "target": 3} | leaf)
    with written_into(store, world):
        return explain(checked_leaf(tree), Scope(store, SINCE, 1, None), ANNA, now=NOW)


def test_the_values_agree_with_what_is_explained(scene: Store) -> None:
    acts = [_act(1, day=3), _act(2, day=18), _act(3, day=19)]
    zones = dict.fromkeys(MEMBERS, "")
    window = {"type": "rolling", "days": 7}
    tree = parse({"type": "count", "event": "visit", "target": 3, "window": window})
    scope = Scope(scene, SINCE, 1, [ANNA])
    with written_into(scene, World(STORE_ZONE, zones, acts, [], [], [])):
        value = leaf_values(tree, scope, now=NOW)[ANNA][tree.id].value
        found = explain(checked_leaf(tree), scope, ANNA, now=NOW)

    assert (value, found.total_counted) == (Decimal(2), 2)
