"""Show a job's progress in a terminal."""

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from loyalty.models import Job, JobState
from loyalty.selectors.jobs import rejected_rows
from loyalty.services.jobs.kinds import kind_named
from loyalty.services.jobs.turns import work_for

_LOOK_EVERY = 0.2
_TURN = 0.5
_SHOWN_PROBLEMS = 10


def watch(job: Job, console: Console, *, work_here: bool = False) -> None:
    """Show the progress until nothing moves any more: the job is finished, or somebody paused it.

    Workers do the work, or this process itself.
    """
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(kind_named(job.kind).title, total=job.total or None)
        while True:
            job.refresh_from_db()
            progress.update(bar, completed=job.processed, total=job.total or None)
            if job.is_finished or job.state == JobState.PAUSED:
                return
            if not (work_here and work_for(_TURN)):
                time.sleep(_LOOK_EVERY)


def tell_outcome(job: Job, console: Console) -> None:
    """The figures, and why the first of the rejected lines could not be done."""
    console.print(
        f"Job {job.id} is {job.state}: {job.changed} changed, {job.unchanged} unchanged,"
        f" {job.rejected} rejected, of {job.total}.",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
    if job.last_error:
        console.print(job.last_error, markup=False, highlight=False, soft_wrap=True)
    for row in rejected_rows(job)[:_SHOWN_PROBLEMS]:
        name = f"{row.identifier_key}={row.identifier}" if row.identifier else row.raw
        console.print(
            f"  line {row.line}: {name}: {row.problem}",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    if job.rejected > _SHOWN_PROBLEMS:
        console.print(f"  and {job.rejected - _SHOWN_PROBLEMS} more", highlight=False)
