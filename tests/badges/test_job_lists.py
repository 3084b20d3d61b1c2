"""Pasted lists and forecasts: whom the lines name, however they name them."""

import pytest

from badges.models import BadgeType
from badges.selectors.job_forecast import Forecast, forecast
from badges.services.job_creation import draft_badge_job
from badges.services.job_lists import MAX_LINES, stage_list
from badges.services.job_preview import first_lines
from badges.services.jobs import ASSIGN, NAMED_TWICE, UNKNOWN_MEMBER
from loyalty.errors import Invalid
from loyalty.models import Job, JobRow, Store
from members.models import ExternalIdentifier, ExternalKind, Member
from tests.builders import TESTER, give_badge, make_member

WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"


def draft(store: Store, badge_type: BadgeType, text: str) -> Job:
    return draft_badge_job(
        store, kind=ASSIGN, badge_type=badge_type, actor=TESTER, stage=stage_list(store, text)
    )


def readings(store: Store, badge_type: BadgeType, text: str) -> list[tuple[int, str, str]]:
    rows = JobRow.for_job(draft(store, badge_type, text)).order_by("line")
    return [(row.line, row.identifier_key, row.identifier or row.problem) for row in rows]


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("anna@example.com", "email", "anna@example.com"),
        ('  "anna@example.com",', "email", "anna@example.com"),
        ("<anna@example.com>;", "email", "anna@example.com"),
        ("email=anna@example.com", "email", "anna@example.com"),
        ("+48600100200", "phone", "+48600100200"),
        ("phone=600100200", "phone", "600100200"),
        ("CARD-1", "loyaltyCardNumber", "CARD-1"),
        ("loyaltycardnumber = 600100200", "loyaltyCardNumber", "600100200"),
        ("A1B2C3D4-0000-4000-8000-000000000000", "id", "a1b2c3d4-0000-4000-8000-000000000000"),
        ("memberId=a1b2c3d4-0000-4000-8000-000000000000", "id",
         "a1b2c3d4-0000-4000-8000-000000000000"),
        (WALLET, "walletAddress", WALLET),
        ("walletAddress=5Grwva", "walletAddress", "5Grwva"),
        ("12345", "loyaltyCardNumber", "12345"),
        ("Anna Nowak", "", "This names no member."),
        ("memberId=7", "", "This names no member."),
        ("email=", "", "This names no member."),
        ("x" * 256, "", "This names no member."),
    ],
)  # fmt: skip
def test_a_line_is_recognised(
    store: Store, badge_type: BadgeType, text: str, key: str, value: str
) -> None:
    assert readings(store, badge_type, text) == [(1, key, value)]


def test_a_number_is_a_card_unless_only_a_phone_has_it(
    store: Store, other_store: Store, badge_type: BadgeType
) -> None:
    make_member(store, phone="600100200")
    make_member(store, phone="600100201")
    make_member(store, loyalty_card_number="600100201")
    make_member(other_store, phone="600100202")

    assert readings(store, badge_type, "600100200\n600100201\n600100202") == [
        (1, "phone", "600100200"),
        (2, "loyaltyCardNumber", "600100201"),
        (3, "loyaltyCardNumber", "600100202"),
    ]


def test_lines_keep_the_numbers_that_they_have_on_the_screen(
    store: Store, badge_type: BadgeType
) -> None:
    lines = readings(store, badge_type, "\n a@example.com \r\n\r\n,\nb@example.com\n")

    assert [line for line, _, _ in lines] == [2, 5]


@pytest.mark.parametrize("text", ["", " \n,;\n", "a@example.com\n" * (MAX_LINES + 1)])
def test_nobody_and_too_many_are_refused(store: Store, badge_type: BadgeType, text: str) -> None:
    with pytest.raises(Invalid):
        draft(store, badge_type, text)

    assert not Job.for_store(store).exists()


@pytest.fixture
def job(store: Store, other_store: Store, badge_type: BadgeType, member: Member) -> Job:
    holder = make_member(store, email="holder@example.com")
    give_badge(store, holder, badge_type, times=2)
    make_member(other_store, email="stranger@example.com")
    wallet = make_member(store)
    ExternalIdentifier(
        store=store, member=wallet, kind=ExternalKind.WALLET_ADDRESS, value=WALLET.lower()
    ).save()
    text = f"ANNA@example.com\nCARD-1\n{holder.id}\nstranger@example.com\n{WALLET}\nAnna Nowak"
    return draft(store, badge_type, text)


def test_a_forecast_counts_members_and_not_lines(
    store: Store, badge_type: BadgeType, job: Job
) -> None:
    assert forecast(store, job, badge_type) == Forecast(
        lines=6, members=3, holders=1, twice=1, unknown=1, rejected=1, counts_on_lines=False
    )


def test_the_first_lines_say_what_each_would_do(
    store: Store, badge_type: BadgeType, job: Job
) -> None:
    lines = first_lines(store, job, badge_type, most=20)

    assert [(line.before, line.after, line.problem) for line in lines] == [
        (0, 1, ""),
        (0, 0, NAMED_TWICE),
        (2, 3, ""),
        (0, 0, UNKNOWN_MEMBER),
        (0, 1, ""),
        (0, 0, "This names no member."),
    ]
    assert [line.member and line.member.email for line in lines][:4] == [
        "anna@example.com", "anna@example.com", "holder@example.com", None,
    ]  # fmt: skip
