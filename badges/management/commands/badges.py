"""`./run manage badges`: bulk work on badges from the command line, by the services of the API."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict
from django.utils import timezone
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from badges.selectors.badge_types import get_badge_type
from badges.services.job_creation import (
    create_badge_job,
    stage_chosen,
    stage_identifiers,
    undo_job,
)
from badges.services.job_tables import preview, stage_table
from badges.services.jobs import ASSIGN, MAX_COUNT, REVOKE, SET_COUNT
from loyalty.actors import command_line
from loyalty.api.listing import read_list_query
from loyalty.errors import DomainError, NotFound
from loyalty.identifiers import Identifier
from loyalty.management.watching import tell_outcome, watch
from loyalty.models import Job, JobState, Store
from loyalty.selectors.jobs import get_job, jobs
from loyalty.services.jobs.control import cancel_job
from loyalty.services.jobs.creation import Stage
from members.api.search import MemberSearch
from members.selectors.identifiers import KEYS
from members.selectors.members import members

_ACTOR = command_line("badges")
_KINDS = {"assign": ASSIGN, "revoke": REVOKE, "set": SET_COUNT}
_VERBS = {"assign": "Assign {0} to", "revoke": "Revoke {0} from", "set": "Set the count of {0} of"}
_SHOWN_JOBS = 20


class Command(BaseCommand):
    help = "Assign and revoke badges in bulk, set counts, and look after the jobs that do so."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name in _KINDS:
            _add_making(actions.add_parser(name, help=f"Make a job: {name} a badge."))
        listing = actions.add_parser("jobs", help=f"List the last {_SHOWN_JOBS} jobs of a store.")
        listing.add_argument("--store", required=True)
        for name in ("undo", "cancel", "watch"):
            parser_of_one = actions.add_parser(name, help=f"{name.capitalize()} a job.")
            parser_of_one.add_argument("--store", required=True)
            parser_of_one.add_argument("job", type=UUID)
            if name != "cancel":
                _add_watching(parser_of_one)

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        self.console = Console(file=sys.stdout)
        try:
            store = _store(options["store"])
            if action in _KINDS:
                self._make(store, action, options)
            elif action == "jobs":
                self._list(store)
            else:
                getattr(self, f"_{action}")(store, get_job(store, options["job"]), options)
        except NotFound:
            raise CommandError("There is no such badge type or job in this store.") from None
        except DomainError as error:
            raise CommandError(str(error)) from None

    def _make(self, store: Store, action: str, options: dict[str, Any]) -> None:
        badge_type = get_badge_type(store, Identifier("systemCode", options["badge"]))
        kind, count = _KINDS[action], options["count"]
        if kind == SET_COUNT and count is None and not options["csv"]:
            raise CommandError("Say which count: --count N.")
        if count is not None and not (kind != SET_COUNT) <= count <= MAX_COUNT:
            raise CommandError(f"{count} is not a count for this.")
        with ExitStack() as files:
            number, stage = _chosen(store, kind, options, files)
            self._ask(f"{_VERBS[action].format(badge_type)} {number} members?", options["yes"])
            job = create_badge_job(
                store, kind=kind, badge_type=badge_type, stage=stage, actor=_ACTOR, count=count,
                reason=options["reason"],
            )  # fmt: skip
        self._follow(job, options)

    def _list(self, store: Store) -> None:
        # Five columns fit a terminal of the usual width; the other commands want the whole id.
        columns = (Column(name, no_wrap=True) for name in ("Job", "Kind", "State", "Done"))
        table = Table(*columns, Column("Rejected"), box=SIMPLE, pad_edge=False)
        for job in jobs(store).order_by("-created_at")[:_SHOWN_JOBS]:
            done = f"{job.processed} of {job.total}"
            table.add_row(str(job.id), job.kind, job.state, done, str(job.rejected))
        self.console.print(table)

    def _undo(self, store: Store, job: Job, options: dict[str, Any]) -> None:
        self._ask(f"Undo {job.changed} changes of job {job.id}?", options["yes"])
        self._follow(undo_job(store, job=job, actor=_ACTOR), options)

    def _cancel(self, store: Store, job: Job, options: dict[str, Any]) -> None:
        cancel_job(store, job=job, actor=_ACTOR, now=timezone.now())
        self._watch(store, job, options)

    def _watch(self, store: Store, job: Job, options: dict[str, Any]) -> None:
        try:
            watch(job, self.console, work_here=options.get("here", False))
        except KeyboardInterrupt:
            self.console.print(f"Job {job.id} goes on without you.", highlight=False)
            return
        tell_outcome(job, self.console)
        if job.state == JobState.FAILED:
            raise CommandError("The job failed.")

    def _follow(self, job: Job, options: dict[str, Any]) -> None:
        self.console.print(f"Job {job.id}", highlight=False)
        if not options["detach"]:
            self._watch(job.store, job, options)

    def _ask(self, question: str, yes: bool) -> None:
        if yes:
            self.console.print(question, markup=False, highlight=False)
        elif not sys.stdin.isatty():
            raise CommandError(f"{question} Nobody is here to answer: say --yes.")
        elif input(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was done.")


def _add_making(parser: CommandParser) -> None:
    parser.add_argument("--store", required=True, help="Its code.")
    parser.add_argument("--badge", required=True, help="The system code of the badge type.")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument(
        "--member", action="append", metavar="KEY=VALUE", help="An id, or email=...; repeat it."
    )
    chosen.add_argument("--filter", help='As in the member list, such as "labels=(tier;gold)".')
    chosen.add_argument("--csv", type=Path, metavar="FILE", help="docs/jobs.md lists the columns.")
    chosen.add_argument("--all", action="store_true", help="Every member of the store.")
    parser.add_argument("--count", type=int)
    parser.add_argument("--reason", default="")
    _add_watching(parser)


def _add_watching(parser: CommandParser) -> None:
    parser.add_argument("--yes", action="store_true", help="Do not ask.")
    parser.add_argument("--here", action="store_true", help="Work in this process too.")
    parser.add_argument("--detach", action="store_true", help="Do not wait for the job.")


def _store(code: str) -> Store:
    store = Store.objects.filter(code__iexact=code).first()
    if store is None:
        raise CommandError(f"There is no store {code}.")
    return store


def _chosen(
    store: Store, kind: str, options: dict[str, Any], files: ExitStack
) -> tuple[int, Stage]:
    """How many members the arguments name, and how to stage them."""
    if options["member"]:
        named = [_identifier(text) for text in options["member"]]
        return len(named), stage_identifiers(named)
    if options["csv"]:
        return _in_file(store, kind, options, files)
    # An empty filter finds everybody, which has to be said as --all.
    if not options["all"] and not options["filter"].strip():
        raise CommandError("The filter is empty: for every member say --all.")
    query = read_list_query(QueryDict(options["filter"] or ""), MemberSearch, store)
    if not options["all"] and not query.is_filtered:
        raise CommandError("The filter leaves nobody out: for every member say --all.")
    found = query.narrowed(members(store))
    return found.count(), stage_chosen(found)


def _in_file(
    store: Store, kind: str, options: dict[str, Any], files: ExitStack
) -> tuple[int, Stage]:
    try:
        file = files.enter_context(options["csv"].open("rb"))
    except OSError as error:
        raise CommandError(f"{options['csv']}: {error.strerror}") from None
    details: dict[str, Any] = {"kind": kind, "count": options["count"], "now": timezone.now()}
    seen = preview(store, file, **details)
    file.seek(0)
    return seen.total - seen.rejected, stage_table(store, file, **details)


def _identifier(text: str) -> Identifier:
    identifier = Identifier.parse(text)
    try:
        if identifier.key == "id":
            return Identifier("id", str(identifier.uuid))
    except ValueError:
        raise CommandError(f"{text} is neither an id nor KEY=VALUE.") from None
    if identifier.key not in KEYS or not identifier.value:
        raise CommandError(f"{text} names nobody: the keys are {', '.join(KEYS)}.")
    return identifier
