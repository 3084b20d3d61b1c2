"""What holds for every test."""

import fcntl
import os

import pytest

from badges.models import BadgeType
from config.development import VAR
from loyalty.models import Access, Administrator, Resource, Role, Store
from members.models import Member
from tests.builders import (
    PASSWORD,
    admin_token,
    make_administrator,
    make_api_key,
    make_badge_type,
    make_member,
    make_role,
    make_store,
    member_token,
)
from tests.clients import ApiClient


def pytest_sessionstart(session: pytest.Session) -> None:
    """One run at a time: the test database has one name, so a second run waits for the first."""
    lock = (VAR / ".tests").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.write(2, b"Another test run is under way in this checkout: waiting for its end.\n")
        fcntl.flock(lock, fcntl.LOCK_EX)
    session.config.add_cleanup(lock.close)


# --- The cast: two stores are always there, and each has its own people -----------------------


@pytest.fixture
def store(db: None) -> Store:
    return make_store("ALPHA", name="Alpha")


@pytest.fixture
def other_store(store: Store) -> Store:
    return make_store("BETA", name="Beta")


@pytest.fixture
def master_role(other_store: Store) -> Role:
    return make_role(name="Super admin", is_master=True)


@pytest.fixture
def root(master_role: Role) -> Administrator:
    """A super admin: may do everything in every store."""
    return make_administrator(master_role, email="root@example.com", username="root")


@pytest.fixture
def manager(store: Store, other_store: Store) -> Administrator:
    """May do everything to badges and members of `store`, and nothing in `other_store`."""
    role = make_role(
        (Resource.BADGE, Access.MODIFY),
        (Resource.CUSTOMER, Access.MODIFY),
        (Resource.SETTINGS, Access.MODIFY),
        stores=(store,),
    )
    return make_administrator(role, email="manager@example.com")


@pytest.fixture
def viewer(store: Store, other_store: Store) -> Administrator:
    """May look at badges and members of `store`."""
    role = make_role(
        (Resource.BADGE, Access.VIEW), (Resource.CUSTOMER, Access.VIEW), stores=(store,)
    )
    return make_administrator(role, email="viewer@example.com")


@pytest.fixture
def member(store: Store) -> Member:
    return make_member(
        store, email="anna@example.com", phone="+48600100200", loyalty_card_number="CARD-1",
        first_name="Anna", password=PASSWORD,
    )  # fmt: skip


@pytest.fixture
def badge_type(store: Store) -> BadgeType:
    translations = {
        "en": {"name": "Gold", "description": "Ten visits"},
        "pl": {"name": "Złoto", "description": "Dziesięć wizyt"},
    }
    return make_badge_type(store, "gold", translations=translations)


@pytest.fixture
def as_root(root: Administrator) -> ApiClient:
    return ApiClient.with_key(make_api_key(root))


@pytest.fixture
def as_manager(manager: Administrator) -> ApiClient:
    return ApiClient.with_token(admin_token(manager))


@pytest.fixture
def as_viewer(viewer: Administrator) -> ApiClient:
    return ApiClient.with_token(admin_token(viewer))


@pytest.fixture
def as_member(member: Member) -> ApiClient:
    return ApiClient.with_token(member_token(member))


@pytest.fixture
def anonymous() -> ApiClient:
    return ApiClient()
