"""`./run manage badges`."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from badges.models import BadgeType, MemberBadge
from loyalty.models import Job, Store
from tests.builders import make_badge_type, make_member


@pytest.fixture(autouse=True)
def _there(store: Store, badge_type: BadgeType) -> None:
    for name in ("anna", "bert", "cleo"):
        make_member(store, email=f"{name}@example.com", first_name=name.capitalize())


def _badges(*arguments: str, store: str = "ALPHA") -> None:
    action, *rest = arguments
    call_command("badges", action, "--store", store, *rest)


def _held(store: Store) -> dict[str, int]:
    rows = MemberBadge.for_store(store).values_list("member__first_name", "completed_count")
    return dict(rows)


def test_named_members_get_the_badge_and_the_others_are_told(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ["--member", "email=anna@example.com", "--member", "email=nobody@example.com"]
    _badges("assign", "--badge", "gold", *named, "--count", "2", "--yes", "--here")

    assert _held(store) == {"Anna": 2}
    told = capsys.readouterr().out
    assert "Assign gold to 2 members?" in told
    assert "is done: 1 changed, 0 unchanged, 1 rejected, of 2." in told
    assert "line 2: email=nobody@example.com: There is no such member." in told


def test_a_filter_a_file_and_everybody(store: Store, tmp_path: Path) -> None:
    gold = ("--badge", "gold", "--yes", "--here")
    _badges("assign", *gold, "--filter", "firstName=Anna")
    assert _held(store) == {"Anna": 1}

    _badges("assign", *gold, "--all")
    assert _held(store) == {"Anna": 2, "Bert": 1, "Cleo": 1}

    file = tmp_path / "counts.csv"
    file.write_text("email,count\nanna@example.com,7\nbert@example.com,0\n")
    _badges("set", *gold, "--csv", str(file))
    assert _held(store) == {"Anna": 7, "Cleo": 1}

    _badges("revoke", *gold, "--all")
    assert _held(store) == {}


def test_a_job_is_listed_and_undone(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    _badges("assign", "--badge", "gold", "--all", "--yes", "--here")
    job = Job.for_store(store).get()
    _badges("jobs")
    assert "3 of 3" in capsys.readouterr().out

    _badges("undo", str(job.id), "--yes", "--here")
    assert _held(store) == {}
    with pytest.raises(CommandError, match="undone before"):
        _badges("undo", str(job.id), "--yes", "--here")


def test_a_detached_job_waits_for_workers_and_can_be_cancelled(store: Store) -> None:
    _badges("assign", "--badge", "gold", "--all", "--yes", "--detach")
    job = Job.for_store(store).get()
    assert job.state == "queued"

    _badges("cancel", str(job.id))

    job.refresh_from_db()
    assert job.state == "cancelled"
    assert _held(store) == {}


def test_a_failed_job_is_an_error(store: Store) -> None:
    _badges("assign", "--badge", "gold", "--all", "--yes", "--detach")
    BadgeType.for_store(store).update(active=False)

    with pytest.raises(CommandError, match="failed"):
        _badges("watch", str(Job.for_store(store).get().id), "--here")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["assign", "--badge", "gold", "--all"], "say --yes"),
        (["assign", "--badge", "none", "--all", "--yes"], "no such badge type"),
        (["assign", "--badge", "gold", "--member", "x=y", "--yes"], "names nobody"),
        (["assign", "--badge", "gold", "--member", "anna", "--yes"], "neither an id"),
        (["assign", "--badge", "gold", "--filter", "", "--yes"], "say --all"),
        (["assign", "--badge", "gold", "--filter", "_page=1", "--yes"], "say --all"),
        (["assign", "--badge", "gold", "--filter", "shoe=42", "--yes"], "shoe"),
        (["assign", "--badge", "gold", "--all", "--count", "0", "--yes"], "not a count"),
        (["assign", "--badge", "gold", "--csv", "/nowhere.csv", "--yes"], "No such file"),
        (["set", "--badge", "gold", "--all", "--yes"], "--count"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    store: Store, arguments: list[str], problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        _badges(*arguments)
    assert not Job.for_store(store).exists()


def test_another_store_is_not_touched(store: Store, other_store: Store) -> None:
    make_badge_type(other_store, "gold")
    make_member(other_store)

    _badges("assign", "--badge", "gold", "--all", "--yes", "--here")

    assert not MemberBadge.for_store(other_store).exists()
    with pytest.raises(CommandError, match="no such badge type or job"):
        _badges("watch", str(Job.for_store(store).get().id), store="BETA")
