"""The demo's invented people: the same ones on every machine."""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from faker import Faker

from badges.demo.catalogue import DemoStore

_LANGUAGE = {"en": "en_US", "pl": "pl_PL"}


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """`card` tells a person apart; everything else follows from it and from the store."""

    card: str
    first_name: str
    last_name: str
    email: str
    phone: str
    locale: str
    city: str
    birth_date: date
    tier: str
    luck: random.Random
    """A source of chance of the person's own, so that one more badge changes nobody else."""


def people(store: DemoStore) -> Iterator[DemoPerson]:
    fakers = {locale: Faker(_LANGUAGE[locale]) for locale in store.locales}
    for faker in fakers.values():
        faker.seed_instance(store.code)
    for number in range(1, store.member_count + 1):
        card = f"{store.code}-{number:04}"
        luck = random.Random(card)  # noqa: S311 (a demo needs the same luck each time)
        locale = luck.choices(store.locales, weights=[2, 1])[0]
        faker = fakers[locale]
        first_name, last_name = faker.first_name(), faker.last_name()
        yield DemoPerson(
            card=card,
            first_name=first_name,
            last_name=last_name,
            email=f"{_ascii(first_name)}.{_ascii(last_name)}.{number}@example.com",
            phone=f"+{luck.randrange(10_000_000_000, 99_999_999_999)}",
            locale=locale,
            city=faker.city(),
            birth_date=date(1960, 1, 1) + timedelta(days=luck.randrange(16_000)),
            tier=luck.choices(["basic", "silver", "gold"], weights=[6, 3, 1])[0],
            luck=luck,
        )


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L"))
    return "".join(letter for letter in plain.lower() if letter.isascii() and letter.isalnum())
