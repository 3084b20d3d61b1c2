"""What members do, delivered by several processes, shuffled and more than once.

    python -m tests.faults.delivery make  CODE MEMBERS ACTIVITIES SEED    prints the store's id
    python -m tests.faults.delivery write CODE MEMBERS ACTIVITIES SEED NUMBER OF
    python -m tests.faults.delivery visit CODE TIMES [PATIENCE]     visits of the first member, now

The plan follows from the seed, so each process knows all of it, and so does the model below: plain
Python that looks at all there was and knows nothing of queues.  Writer NUMBER OF so many delivers
its own share of the plan and half of its neighbour's, each activity once or twice, in any order.
"""

import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.faults import rehearsed  # noqa: F401 (sets Django up, and what a test adds)

# isort: split
from django.db import connection
from django.utils import timezone

from badges.models import MemberBadge
from loyalty.models import Store
from loyalty.transactions import writes
from members.models import ActivitySource, Member
from members.services.activity_rows import ActivityRow, record_activities
from tests.builders import TESTER, make_badge_type, make_store
from tests.evaluating import publish
from tests.faults.scene import MEMBERS

START = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 20


@dataclass(frozen=True, slots=True)
class Act:
    """`takes_back` is the number of the purchase that a return returns."""

    number: int
    member: int
    type: str
    at: datetime
    takes_back: int | None = None


def plan(members: int, activities: int, seed: int) -> list[Act]:
    """Visits, purchases, and returns of one purchase in four."""
    choose = random.Random(seed)
    acts: list[Act] = []
    bought: list[Act] = []
    for number in range(activities):
        at, member = START + number * timedelta(minutes=1), choose.randrange(members)
        kind = choose.choices(["visit", "transaction", "return_transaction"], [10, 8, 2])[0]
        if kind == "return_transaction" and bought:
            purchase = bought.pop(choose.randrange(len(bought)))
            acts.append(Act(number, purchase.member, kind, at, purchase.number))
            continue
        act = Act(number, member, "visit" if kind == "return_transaction" else kind, at)
        acts.append(act)
        if kind == "transaction":
            bought.append(act)
    return acts


Holding = dict[str, int]


def model(acts: Sequence[Act], members: int) -> tuple[list[Holding], dict[int, list[datetime]]]:
    """What each member holds in the end, and when the badges that nothing can undo were earned."""
    returned = {act.takes_back for act in acts if act.takes_back is not None}
    visits: dict[int, list[datetime]] = defaultdict(list)
    purchases: dict[int, int] = defaultdict(int)
    for act in acts:
        if act.type == "visit":
            visits[act.member].append(act.at)
        elif act.type == "transaction" and act.number not in returned:
            purchases[act.member] += 1
    held: list[Holding] = []
    for member in range(members):
        regular, shopper = len(visits[member]) // 3, min(purchases[member] // 2, 2)
        counts = {
            "regular": regular, "shopper": shopper,
            "faithful": int(regular >= 2), "both": int(regular >= 2 and shopper >= 1),
        }  # fmt: skip
        held.append({code: count for code, count in counts.items() if count})
    return held, {member: sorted(moments)[2::3] for member, moments in visits.items()}


def make(code: str, members: int) -> Store:
    store = make_store(code)
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS, [store.id, members])
        cursor.execute("ANALYZE members_member")
    types = {name: make_badge_type(store, name) for name in ("regular", "shopper", "faithful")}
    both = make_badge_type(store, "both")
    visits = {"type": "count", "event": "visit"}
    purchases = {"type": "count", "event": "transaction"}
    publish(store, types["regular"], {**visits, "target": 3})
    publish(store, types["shopper"], {**purchases, "target": 2}, repeat_limit=2)
    held = {name: {"type": "badge", "badgeTypeId": str(row.id)} for name, row in types.items()}
    publish(store, types["faithful"], {**held["regular"], "times": 2}, repeat_limit=1)
    publish(
        store, both, {"type": "all", "conditions": [held["faithful"], held["shopper"]]},
        repeat_limit=1,
    )  # fmt: skip
    return store


def members_of(store: Store) -> list[Member]:
    """In the order in which the plan counts them."""
    found = Member.for_store(store)
    return sorted(found, key=lambda member: int((member.email or "m0@").partition("@")[0][1:]))


@writes
def _deliver(store: Store, *, rows: Sequence[ActivityRow]) -> None:
    record_activities(store, rows, actor=TESTER, now=timezone.now())


def write(store: Store, acts: Sequence[Act], number: int, of: int, seed: int) -> None:
    members = members_of(store)
    choose = random.Random(seed + number + 1)
    share = [act for act in acts if act.number % of == number]
    share += [act for act in acts if act.number % of == (number + 1) % of][::2]
    share += choose.sample(share, len(share) // 4)
    choose.shuffle(share)
    for first in range(0, len(share), BATCH):
        rows = [_row(act, members[act.member]) for act in share[first : first + BATCH]]
        _deliver(store, rows=rows)


def _row(act: Act, member: Member) -> ActivityRow:
    is_visit = act.type == "visit"
    return ActivityRow(
        act.type,
        ActivitySource.CUSTOM_EVENT if is_visit else ActivitySource.TRANSACTION,
        f"act {act.number}",
        act.at,
        member_id=member.id,
        reverses_external_id="" if act.takes_back is None else f"act {act.takes_back}",
    )


def visit(store: Store, times: int, patience: float = 0) -> list[float]:
    """Visits of the store's first member, one after the other.

    With patience, waits after each third until the badge can be seen, and says how long it took.
    """
    member = members_of(store)[0]
    held = MemberBadge.for_store(store).filter(badge_type__system_code="regular")
    delays: list[float] = []
    for number in range(times):
        row = _row(Act(number, 0, "visit", timezone.now()), member)
        _deliver(store, rows=[row])
        accepted = time.monotonic()
        if patience and number % 3 == 2:
            while not held.filter(completed_count=(number + 1) // 3).exists():
                if time.monotonic() - accepted > patience:
                    raise SystemExit("The badge is not there.")
                time.sleep(0.005)
            delays.append(time.monotonic() - accepted)
            time.sleep(0.3)
    return delays


def main(action: str, code: str, *rest: str) -> None:
    numbers = [int(text) for text in rest]
    if action == "make":
        sys.stdout.write(f"{make(code, numbers[0]).id}\n")
        return
    store = Store.objects.get(code=code)
    if action == "visit":
        delays = visit(store, *numbers)
        sys.stdout.write(" ".join(map(str, delays)))
    else:
        members, activities, seed, number, of = numbers
        write(store, plan(members, activities, seed), number, of, seed)


if __name__ == "__main__":
    main(*sys.argv[1:])
