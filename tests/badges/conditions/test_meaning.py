"""The compiled query says what the interpreter says, whatever the tree and the logs."""

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from badges.conditions.compiler import Query, Scope, reached
from badges.conditions.parsing import parse, written
from badges.conditions.tree import Node
from badges.models import BadgeType
from loyalty.models import Store
from members.models import Member, MemberList
from tests.badges.conditions.interpreter import Interpreter, World
from tests.badges.conditions.worlds import (
    BADGE_TYPES,
    LISTS,
    MEMBERS,
    STORE_ZONE,
    leaves,
    mixtures,
    trees,
    worlds,
    written_into,
)

# As many as CI has time for; set it higher to search longer, with other examples each time.
EXAMPLES = int(os.environ.get("ROSETTE_EXAMPLES", "250"))
SEARCH = settings(
    max_examples=EXAMPLES,
    derandomize="ROSETTE_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

# A case is long to read, and is only read when it fails.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

Compile = Callable[[Node, Scope], Query]
Case = tuple[World, datetime, list[dict[str, Any]], int | None]


@st.composite
def cases(draw: Any) -> Case:
    world, counting_from = draw(worlds())
    found = [draw(leaves(counting_from)) for _ in range(4)]
    found += [draw(trees(counting_from)), draw(mixtures(counting_from))]
    return world, counting_from, found, draw(st.sampled_from([1, 1, 2, 3, None]))


@pytest.fixture
def scene(store: Store) -> Store:
    """The store with the members, badge types and lists that the worlds speak of."""
    store.timezone = STORE_ZONE
    store.save()
    moment = datetime.fromisoformat("2024-01-01T00:00:00Z")
    for member in MEMBERS:
        Member(id=member, store=store, email=f"{member}@example.com", registered_at=moment).save(
            force_insert=True
        )
    for badge_type in BADGE_TYPES:
        code = str(badge_type)
        BadgeType(id=badge_type, store=store, system_code=code, slug=code, translations={}).save(
            force_insert=True
        )
    for each in LISTS:
        MemberList(id=each, store=store, name=str(each)).save(force_insert=True)
    return store


def compare(store: Store, case: Case, compile_: Compile) -> None:
    world, counting_from, found, limit = case
    if not found:
        return
    with written_into(store, world):
        for data in found:
            tree = parse(data)
            assert parse(written(tree)) == tree
            expected = {
                (member, k, moment)
                for member in MEMBERS
                for k, moment in enumerate(
                    Interpreter(world, member, counting_from).times(tree, limit), 1
                )
            }
            for members in (None, MEMBERS[:2]):
                scope = Scope(store, counting_from, limit, members)
                here = {row for row in expected if members is None or row[0] in members}
                rows = _rows(compile_(tree, scope))
                assert sorted(rows) == sorted(here), (data, members)


def _rows(query: Query) -> list[tuple[UUID, int, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        rows: list[tuple[UUID, int, datetime]] = cursor.fetchall()
    return rows


@pytest.mark.timeout(0)
def test_the_query_says_what_the_interpreter_says(scene: Store) -> None:
    @SEARCH
    @given(cases())
    def search(case: Case) -> None:
        compare(scene, case, reached)

    search()


# Faults that somebody could make, each a change of the SQL.
FAULTS = {
    "a window without its edge": ("OVER mine >= t - ", "OVER mine > t - "),
    "a sum that must be exceeded": ("WHERE total >= ", "WHERE total > "),
    "activity of the first moment left out": ("a.occurred_at >= ", "a.occurred_at > "),
    "activity that was taken back": ("a.reversed_at IS NULL", "true"),
    "what was returned is counted": ("a.value - a.returned", "a.value"),
    "the end of a period belongs to it": ("a.occurred_at < ", "a.occurred_at <= "),
    "everybody lives where the store is": ("nullif(person.timezone, '')", "NULL::text"),
    "points that were cancelled": ("AND e.cancelled_at IS NULL", ""),
    "a badge that is lost still counts": ("AND now_held >= ", "AND 0 <= "),
    "expiry takes a badge away": ("AND kind <> 'expiry'", ""),
    "a steady condition repeats": ("min(reached_at) FILTER (WHERE counts)", "NULL"),
    "runs never end": ("IS DISTINCT FROM period - 1", "IS NULL"),
    "a window of local days": ("make_interval(hours => ", "make_interval(mins => 59 * "),
    "null is a value": ("? (@ != null)", ""),
}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_compiler_is_found(scene: Store, fault: str) -> None:
    """The control: with as many examples, each of the faults is seen."""
    right, wrong = FAULTS[fault]

    def faulty(tree: Node, scope: Scope) -> Query:
        query = reached(tree, scope)
        params = {
            name: value.replace(right, wrong) if isinstance(value, str) else value
            for name, value in query.params.items()
        }
        return Query(query.sql.replace(right, wrong), params)

    def concerned(data: dict[str, Any], scope: Scope) -> bool:
        return faulty(parse(data), scope) != reached(parse(data), scope)

    @settings(SEARCH, max_examples=250, phases=[Phase.generate], derandomize=True)
    @given(cases())
    def search(case: Case) -> None:
        world, counting_from, found, limit = case
        scope = Scope(scene, counting_from, limit, None)
        found = [data for data in found if concerned(data, scope)]
        compare(scene, (world, counting_from, found, limit), faulty)

    with pytest.raises(AssertionError):
        search()
