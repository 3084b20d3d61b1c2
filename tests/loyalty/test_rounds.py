"""Rounds are gone when their time comes, and one that fails stops no other."""

from datetime import datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from loyalty.services import rounds
from loyalty.services.rounds import Clock, register_round

NOON = timezone.now()


@pytest.fixture
def no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "_ROUNDS", {})


@pytest.mark.usefixtures("no_others")
def test_each_round_has_its_own_time() -> None:
    gone: list[tuple[str, datetime]] = []
    for name, minutes in (("often", 1), ("rarely", 3)):
        every = timedelta(minutes=minutes)
        register_round(name, every, lambda now, name=name: gone.append((name, now)))  # type: ignore[misc]
    clock = Clock()

    moments = [NOON + timedelta(seconds=30 * half) for half in range(7)]
    for moment in moments:
        clock.go_rounds(now=moment)

    assert [moment for name, moment in gone if name == "often"] == moments[::2]
    assert [moment for name, moment in gone if name == "rarely"] == [moments[0], moments[6]]


@pytest.mark.usefixtures("no_others")
def test_a_round_that_fails_stops_no_other() -> None:
    gone: list[datetime] = []

    def broken(now: datetime) -> None:
        raise ValueError("broken")

    register_round("broken", timedelta(minutes=1), broken)
    register_round("sound", timedelta(minutes=1), gone.append)

    Clock().go_rounds(now=NOON)

    assert gone == [NOON]


@pytest.mark.usefixtures("no_others")
def test_after_trouble_with_the_database_the_others_have_their_turn() -> None:
    gone: list[datetime] = []

    def troubled(now: datetime) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    register_round("troubled", timedelta(minutes=1), troubled)
    register_round("sound", timedelta(minutes=1), gone.append)
    clock = Clock()

    with pytest.raises(OperationalError):
        clock.go_rounds(now=NOON)
    clock.go_rounds(now=NOON + timedelta(seconds=1))

    assert gone == [NOON + timedelta(seconds=1)]


def test_tidying_is_a_round() -> None:
    assert "tidying" in rounds._ROUNDS
