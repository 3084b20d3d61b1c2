"""Rows stay in their store: what the code may write, and what the database refuses."""

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Event, RefreshToken, Store, StoreOwnedModel
from loyalty.services.sessions import Owner, open_session
from members.models import Member
from members.services.members import delete_member
from tests.builders import TESTER, give_badge, make_badge_type, make_member

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("loyalty", "members", "badges", "config")

TENANT_MODELS: list[type[StoreOwnedModel]] = [
    model for model in apps.get_models() if issubclass(model, StoreOwnedModel)
]
TENANT_TABLES = {model._meta.db_table: model for model in TENANT_MODELS}

# Where a query may begin that does not begin with a store, and why it may.
ACROSS_STORES = {
    "loyalty/selectors/audit.py audit_log": "The stores that the caller may audit.",
    "loyalty/models/stores.py StoreOwnedModel": "It is declared there.",
    "loyalty/models/stores.py StoreOwnedModel.for_store": "The one way in.",
    "loyalty/models/events.py Event": "It is declared there.",
    "loyalty/models/events.py Event.for_store": "The one way in.",
    "loyalty/models/jobs.py JobRow": "It is declared there.",
    "loyalty/models/jobs.py JobRow.for_job": "The one way in: a job belongs to a store.",
    "loyalty/services/jobs/working.py there_is_work": "Workers serve every store.",
    "loyalty/services/jobs/working.py _claim": "Workers serve every store.",
    "loyalty/services/jobs/working.py _relocked": "The job that a worker holds already.",
    "loyalty/services/jobs/turns.py _a_job_is_neglected": "Workers serve every store.",
    "loyalty/services/tidying.py _forget_drafts": "Old drafts go, whosever they are.",
    "loyalty/models/webhooks.py DeliveryAttempt": "It is declared there.",
    "loyalty/models/webhooks.py DeliveryAttempt.for_delivery": "A delivery belongs to a store.",
    "loyalty/selectors/webhooks.py switched_off_by_failures": "Staff see several stores at once.",
    "loyalty/services/webhooks/queue.py Endpoints.find": "Senders serve every store.",
    "loyalty/services/webhooks/settling.py _note_failures": "Senders serve every store.",
    "members/models/activity.py TouchedMember": "It is declared there.",
    "badges/selectors/badge_types.py badge_types_that_expire": "The clock serves every store.",
    "badges/selectors/icons.py find_icon": "Icons are public; the id is the address.",
}
# The admin shows several stores at once: its base class and its pages narrow by what staff reach,
# and the admin's own tests hold them to it.
ADMIN = "/admin/"


class _Uses(ast.NodeVisitor):
    """Each use of a manager that knows nothing of stores, with the function it stands in."""

    def __init__(self, file: str) -> None:
        self._file, self._inside = file, list[str]()
        self.found: list[str] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._within(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._within(node)

    def _within(self, node: ast.ClassDef | ast.FunctionDef) -> None:
        self._inside.append(node.name)
        self.generic_visit(node)
        self._inside.pop()

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == "across_stores":
            self._note()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        banned = node.attr in {"across_stores", "_base_manager", "_default_manager"}
        if banned or (node.attr == "objects" and _is_tenant_model(node.value)):
            self._note()

    def visit_Constant(self, node: ast.Constant) -> None:
        # getattr(model, "_base_manager") is a use, too.
        if node.value in {"across_stores", "_base_manager", "_default_manager"}:
            self._note()

    def _note(self) -> None:
        self.found.append(f"{self._file} {'.'.join(self._inside)}".strip())


def _is_tenant_model(node: ast.expr) -> bool:
    names = {model.__name__ for model in TENANT_MODELS} | {"Event"}
    return isinstance(node, ast.Name) and node.id in names


def _uses(source: str, file: str) -> list[str]:
    visitor = _Uses(file)
    visitor.visit(ast.parse(source))
    return visitor.found


def _files() -> Iterator[Path]:
    every = chain.from_iterable((ROOT / package).rglob("*.py") for package in PACKAGES)
    return (file for file in every if "/migrations/" not in str(file))


def test_only_the_listed_places_query_across_stores() -> None:
    found = {
        use
        for file in _files()
        if ADMIN not in str(file)
        for use in _uses(file.read_text(encoding="utf-8"), str(file.relative_to(ROOT)))
    }

    assert found == ACROSS_STORES.keys(), "Start from Model.for_store(store)."


@pytest.mark.parametrize(
    "source",
    [
        "def f(): return Member.across_stores.all()",
        "def f(): return Member._base_manager.all()",
        "def f(): return getattr(Member, '_default_manager')",
        "def f(): return BadgeType.objects.all()",
    ],
)
def test_the_scan_finds_a_query_across_stores(source: str) -> None:
    assert _uses(source, "x.py") == ["x.py f"]


def test_tenant_models_have_no_objects() -> None:
    assert TENANT_MODELS
    for model in (*TENANT_MODELS, Event):
        assert not hasattr(model, "objects"), model


# --- Statements that are written by hand ---------------------------------------------------------

# The lines of a job are not among them: they are found by their job, which has a store.
_TABLES = "|".join([*TENANT_TABLES, "loyalty_event"])
_ABOUT_TENANTS = re.compile(rf"\b(?:FROM|JOIN|UPDATE|INTO|COPY)\s+(?:{_TABLES})\b")


def _statements(source: str) -> Iterator[str]:
    """The texts of the module, those with values put in included, as far as they are constant."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                part.value
                for part in node.values
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _forgetful(source: str) -> list[str]:
    """The statements about tenants' rows that do not speak of the store."""
    return [
        text
        for text in _statements(source)
        if _ABOUT_TENANTS.search(text) and "store_id" not in text
    ]


def test_every_statement_about_tenants_rows_names_their_store() -> None:
    found = {
        str(file.relative_to(ROOT)): statements
        for file in _files()
        if (statements := _forgetful(file.read_text(encoding="utf-8")))
    }

    assert found == {}


def test_the_scan_finds_a_statement_that_forgets_the_store() -> None:
    assert _forgetful('x = f"SELECT 1 FROM members_member m WHERE {name}"')
    assert _forgetful("x = 'UPDATE badges_memberbadge SET completed_count = 1'")
    assert not _forgetful("x = 'SELECT 1 FROM members_member m WHERE m.store_id = %s'")


# --- What the schema says -----------------------------------------------------------------------

# Columns that name a tenant's row without a foreign key, and why they may.
UNBOUND = {
    ("loyalty_event", "member_id"): "An event outlives the member that it is about.",
    ("loyalty_jobrow", "member_id"): "A report outlives the members that an import made.",
}


def _rows(statement: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[Any] = cursor.fetchall()
    return rows


def _foreign_keys() -> list[tuple[str, list[str], str, list[str]]]:
    """(table, columns, target, target's columns) of every foreign key."""
    return _rows(
        """
        SELECT c.conrelid::regclass::text,
               ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, i)
                       JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n
                      ORDER BY i),
               c.confrelid::regclass::text,
               ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(n, i)
                       JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n
                      ORDER BY i)
          FROM pg_constraint c WHERE c.contype = 'f'
        """
    )


@pytest.mark.django_db
def test_references_between_tenant_tables_include_the_store() -> None:
    between = [key for key in _foreign_keys() if key[2] in TENANT_TABLES]

    assert between
    for table, columns, target, target_columns in between:
        assert columns[0] == "store_id", f"{table} refers to {target} without its store."
        assert target_columns == ["store_id", "id"]


@pytest.mark.django_db
def test_every_column_that_names_a_tenants_row_is_bound_to_it() -> None:
    bound = {(table, columns[1]) for table, columns, *_ in _foreign_keys() if len(columns) == 2}

    declared = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model in TENANT_MODELS
    }
    named = {
        (table, column)
        for table, column in _rows(
            """
            SELECT table_name, column_name FROM information_schema.columns
             WHERE table_schema = 'public' AND column_name IN ('member_id', 'badge_type_id')
            """
        )
    }

    assert declared
    assert (declared | named) - bound == UNBOUND.keys()


@pytest.mark.django_db
def test_what_is_referred_to_can_be_named_with_its_store() -> None:
    targets = {target for _, _, target, _ in _foreign_keys() if target in TENANT_TABLES}
    unique = {(table, tuple(columns)) for table, columns in _unique_indexes()}

    assert targets >= {"members_member", "badges_badgetype", "loyalty_job"}
    assert {(table, ("store_id", "id")) for table in targets} <= unique


@pytest.mark.django_db
def test_what_is_unique_is_unique_in_its_store() -> None:
    indexes = [(table, columns) for table, columns in _unique_indexes() if table in TENANT_TABLES]

    assert {table for table, _ in indexes} >= {"members_member", "badges_badgetype"}
    for table, columns in indexes:
        assert columns[0] == "store_id", f"{table} has a unique key that spans stores: {columns}"


def _unique_indexes() -> list[tuple[str, list[str]]]:
    """(table, columns) of every unique index but primary keys; an expression is its SQL."""
    return _rows(
        """
        SELECT i.indrelid::regclass::text,
               ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true)
                       FROM generate_series(1, i.indnkeyatts) n ORDER BY n)
          FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
          JOIN pg_namespace s ON s.oid = c.relnamespace AND s.nspname = 'public'
         WHERE i.indisunique AND NOT i.indisprimary
        """
    )


@pytest.mark.django_db
def test_every_tenant_table_has_a_store_that_is_there() -> None:
    keys = {(table, tuple(columns), target) for table, columns, target, _ in _foreign_keys()}

    for table in TENANT_TABLES:
        assert (table, ("store_id",), "loyalty_store") in keys


# --- What the database refuses ------------------------------------------------------------------


def _refused(statement: str, *values: Any) -> DatabaseError:
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        _rows(f"{statement} RETURNING 1", *values)
    return refusal.value


def test_a_row_cannot_link_two_stores(store: Store, other_store: Store) -> None:
    stranger, badge = make_member(other_store), make_badge_type(store)
    now = stranger.created_at
    row = {"store": store, "member": stranger, "badge_type": badge}

    for broken in (
        MemberBadge(**row, completed_count=1, first_earned_at=now, last_earned_at=now,
                    updated_at=now),
        BadgeEntry(**row, kind="grant", delta=1, occurrence_key="x", actor_kind="system",
                   source="api", occurred_at=now, recorded_at=now),
        RefreshToken(hash=b"x", family=stranger.id, store=store, member_id=stranger.id,
                     expires_at=now),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            broken.save(force_insert=True)

    assert not MemberBadge.for_store(store).exists()
    assert not BadgeEntry.for_store(store).exists()


@pytest.mark.parametrize("table", ["badges_badgeentry", "loyalty_event"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET source = 'job'",
        "UPDATE {} SET store_id = store_id",
        "UPDATE {} SET actor_label = 'nobody' WHERE source = 'command'",
        "DELETE FROM {}",
        "WITH gone AS (DELETE FROM {} RETURNING 1) SELECT * FROM gone",
        "MERGE INTO {} t USING loyalty_store s ON t.store_id = s.id WHEN MATCHED THEN DELETE",
        (
            "MERGE INTO {} t USING loyalty_store s ON t.store_id = s.id"
            " WHEN MATCHED THEN UPDATE SET source = 'job'"
        ),
    ],
)
def test_the_log_and_the_ledger_only_grow(
    table: str, statement: str, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)
    before = _rows(f"SELECT t::text FROM {table} t ORDER BY 1")

    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        _rows(statement.format(table))

    assert "is append-only" in str(refusal.value)
    assert before == _rows(f"SELECT t::text FROM {table} t ORDER BY 1") != []


def test_a_badge_type_that_the_ledger_knows_cannot_be_deleted(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)

    refusal = _refused("DELETE FROM badges_badgetype WHERE id = %s", badge_type.id)

    assert isinstance(refusal, IntegrityError)
    assert BadgeType.for_store(store).filter(id=badge_type.id).exists()


def test_a_member_goes_with_everything_but_the_log(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    other = make_member(store)
    for someone in (member, other):
        give_badge(store, someone, badge_type)
        open_session(Owner(store_id=store.id, member_id=someone.id), now=someone.created_at)
    events = Event.for_store(store).filter(member_id=member.id).count()

    delete_member(store, member=member, actor=TESTER)

    for model in (BadgeEntry, MemberBadge):
        assert list(model.for_store(store).values_list("member_id", flat=True)) == [other.id]
    assert list(RefreshToken.objects.values_list("member_id", flat=True)) == [other.id]
    assert Event.for_store(store).filter(member_id=member.id).count() == events + 1
