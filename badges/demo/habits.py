"""What the demo's people did in the months behind us: the same on every machine, day for day.

Days are counted back from now, so the demo never looks old; what a day brought follows from the
person alone.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from badges.demo.conditions import HIGHLAND, MENU
from badges.demo.people import DemoPerson
from members.models import PURCHASE, ActivitySource
from members.services.activity_rows import ActivityRow

COFFEES = (*HIGHLAND, "House blend", "Decaf", "Cerrado", "Sumatra")
PASTRIES = ("Croissant", "Cinnamon roll", "Rye loaf", "Cheesecake", "Plum tart", "Brioche")
GEAR = ("Jacket", "Boots", "Backpack", "Tent", "Trousers")
PEAKS = ("Rysy", "Gerlach", "Babia Góra", "Śnieżka", "Triglav", "Tarnica", "Turbacz", "Rohacz")
COUNTRIES = ("Poland", "Slovakia", "Czechia", "Slovenia")

Day = Callable[[random.Random, "DemoPerson", datetime, float], Iterator[ActivityRow]]


def habits(
    store_code: str, person: DemoPerson, zone: ZoneInfo, *, since: datetime, now: datetime
) -> Iterator[ActivityRow]:
    """The person's activity, oldest first.  It still has to be told whose it is."""
    luck = random.Random(f"habits of {person.card}")  # noqa: S311 (the same luck each time)
    # The first person stands in every example, and has something to show.
    often = 0.75 if person.card.endswith("-0001") else luck.betavariate(1.2, 4)
    spell = 0
    first_day = since.astimezone(zone).date()
    for number in range((now.astimezone(zone).date() - first_day).days):
        day = first_day + timedelta(days=number)
        # A spell: now and then somebody comes every day for a week or two.
        spell = spell - 1 if spell else (luck.randint(6, 16) if luck.random() < often / 60 else 0)
        if spell or luck.random() < often:
            midnight = datetime.combine(day, time(), zone)
            yield from _DAYS[store_code](luck, person, midnight, often)


def _coffee_day(
    luck: random.Random, person: DemoPerson, midnight: datetime, often: float
) -> Iterator[ActivityRow]:
    minute = int(luck.triangular(390, 1318, 560))
    moment = midnight + timedelta(minutes=minute)
    yield _event(
        "visit", person, moment,
        minuteOfDay=minute,
        drink=luck.choice(MENU),
        coffee=luck.choice(COFFEES),
        ownCup=luck.random() < often,
        bakes=luck.choices(range(7), weights=[40, 25, 15, 8, 6, 4, 2])[0],
    )  # fmt: skip
    if luck.random() < 0.12:
        yield _order(luck, person, moment + timedelta(minutes=1))
    if luck.random() < 0.01:
        yield _event("friend_joined", person, moment + timedelta(minutes=2), friend="A friend")


def _outdoor_day(
    luck: random.Random, person: DemoPerson, midnight: datetime, often: float
) -> Iterator[ActivityRow]:
    moment = midnight + timedelta(minutes=luck.randint(420, 1000))
    country = luck.choices(COUNTRIES, weights=[12, 4, 2, 1])[0]
    yield _event("hike", person, moment, country=country, weekend=midnight.weekday() >= 5)
    if luck.random() < 0.05 + often / 8:
        yield _event("peak_logged", person, moment + timedelta(hours=4), peak=luck.choice(PEAKS))
    if luck.random() < 0.05:
        yield _purchase(luck, person, moment + timedelta(hours=9), "Gear", GEAR, "web")
    if luck.random() < 0.02:
        yield _event("gear_repaired", person, moment + timedelta(hours=10), item=luck.choice(GEAR))


_DAYS: Mapping[str, Day] = {"DEFAULT": _coffee_day, "OUTDOOR": _outdoor_day}


def _event(event_type: str, person: DemoPerson, moment: datetime, **body: object) -> ActivityRow:
    return ActivityRow(
        type=event_type,
        source=ActivitySource.CUSTOM_EVENT,
        external_id=f"demo-{event_type}-{person.card}-{moment:%Y%m%d}",
        occurred_at=moment,
        attributes=body,
    )


def _order(luck: random.Random, person: DemoPerson, moment: datetime) -> ActivityRow:
    if luck.random() < 0.08:
        return _purchase(luck, person, moment, "Gift card", ("Gift card",), "app")
    return _purchase(luck, person, moment, "Bakery", PASTRIES, "app")


def _purchase(
    luck: random.Random,
    person: DemoPerson,
    moment: datetime,
    category: str,
    names: tuple[str, ...],
    channel: str,
) -> ActivityRow:
    name = luck.choice(names)
    price = round(Decimal(luck.randint(250, 6000)) / 100, 2)
    document = f"demo-{person.card}-{moment:%Y%m%d}"
    delivery = "bike" if luck.random() < 0.2 else "counter"
    return ActivityRow(
        type=PURCHASE,
        source=ActivitySource.TRANSACTION,
        external_id=document,
        occurred_at=moment,
        value=price,
        attributes={
            "documentNumber": document,
            "documentType": "sell",
            "labels": {"channel": channel, "delivery": delivery},
            "items": [
                {
                    "sku": name.lower().replace(" ", "-"),
                    "name": name,
                    "category": category,
                    "grossValue": float(price),
                    "quantity": 1,
                    "labels": {},
                }
            ],
        },
    )
