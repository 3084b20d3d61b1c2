"""Put the members of a CSV file on a list: a job, with a report for each line."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, NotFound, Violation
from loyalty.models import Job, Store
from loyalty.services.jobs.creation import create_job
from loyalty.services.jobs.kinds import JobKind, Outcome, Row, register
from loyalty.services.jobs.lines import file_refused
from loyalty.services.jobs.staging import Staged, StagedRow, stage_rows
from loyalty.services.jobs.tables import Columns, TableRow, read_table
from loyalty.services.jobs.values import read_text, read_uuid
from members.models import MemberList
from members.selectors.identifiers import member_ids
from members.selectors.imports import LIST_MEMBERS
from members.services.member_lists import lock_list, put_on_list

CHUNK = 5000

_KEYS = {
    "memberId": "id",
    "id": "id",
    "email": "email",
    "phone": "phone",
    "loyaltyCardNumber": "loyaltyCardNumber",
    "walletAddress": "walletAddress",
}
_COLUMNS = Columns(names=tuple(_KEYS), identifying=tuple(_KEYS))
_LONGEST = 255


def import_listed_members(
    store: Store, *, member_list: MemberList, file: IO[bytes], actor: Actor
) -> Job:
    """A job that puts the member of each line on the list.

    The first column that a line fills in names its member.  Raises `Invalid` for a file that
    means nothing.
    """

    def stage(job: Job) -> Staged:
        staged = stage_rows(job, _rows(file))
        if not staged.total:
            raise file_refused(Code.BLANK, "The file has no lines below its header.")
        return staged

    parameters = {"memberListId": str(member_list.id), "name": member_list.name}
    return create_job(store, kind=LIST_MEMBERS, parameters=parameters, stage=stage, actor=actor)


def work(store: Store, job: Job, rows: Sequence[Row], now: datetime) -> Outcome:
    """Idempotent: who is on the list already is unchanged."""
    try:
        member_list = lock_list(store, job.parameters["memberListId"])
    except NotFound:
        raise Invalid(Violation(Code.NOT_ALLOWED, "list", "The list was deleted.")) from None
    outcome = Outcome()
    found = member_ids(store, [(row.identifier_key, row.identifier) for row in rows])
    added = put_on_list(store, member_list, set(found.values()), now=now)
    for row in rows:
        member_id = found.get((row.identifier_key, row.identifier))
        if member_id is None:
            outcome.problems[row.line] = "There is no such member."
            continue
        outcome.members[row.line] = member_id
        if member_id in added:
            added.remove(member_id)
            outcome.changed += 1
        else:
            outcome.unchanged += 1
    return outcome


def register_list_kind() -> None:
    register(JobKind(LIST_MEMBERS, "Put members on a list", CHUNK, work))


def _rows(file: IO[bytes]) -> Iterator[StagedRow]:
    table = read_table(file, _COLUMNS)
    return (_read(table.columns, row) for row in table.rows)


def _read(columns: Sequence[str], row: TableRow) -> StagedRow:
    if row.problem:
        return StagedRow(row.line, raw=row.text, problem=row.problem)
    for column, cell in zip(columns, row.cells, strict=True):
        if not cell:
            continue
        key = _KEYS[column]
        try:
            value = read_uuid(cell) if key == "id" else read_text(cell, _LONGEST)
        except ValueError as error:
            return StagedRow(row.line, raw=row.text, problem=f"{column} {error}.")
        return StagedRow(row.line, key, value)
    return StagedRow(row.line, raw=row.text, problem="The line names no member.")
