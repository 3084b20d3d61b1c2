"""Jobs in words: what they are called, how they are, and what they would do."""

from datetime import timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

from badges.admin.drawing import badge_name
from badges.conditions.wording_texts import times
from badges.models import BadgeType
from badges.selectors.dry_runs import DRY_RUN
from badges.selectors.job_forecast import Forecast
from badges.services.evaluation_job import BACKFILL, EVALUATE, UNDO_EVALUATION
from badges.services.jobs import ASSIGN, REVOKE, SET_COUNT, UNDO
from loyalty.admin.drawing import pill
from loyalty.models import Job, JobState
from loyalty.services.jobs.kinds import kind_named

KIND_WORDS = {
    ASSIGN: "Assign",
    REVOKE: "Take away",
    SET_COUNT: "Set the count",
    UNDO: "Undo",
    DRY_RUN: "Try on history",
    EVALUATE: "Look at everybody",
    UNDO_EVALUATION: "Undo",
}
EVALUATIONS = {EVALUATE, UNDO_EVALUATION}
STATE_WORDS = {
    JobState.DRAFT: ("Draft", "quiet"),
    JobState.QUEUED: ("Waiting", "warm"),
    JobState.RUNNING: ("Running", "brand"),
    JobState.PAUSED: ("Paused", "warm"),
    JobState.DONE: ("Done", "good"),
    JobState.FAILED: ("Failed", "bad"),
    JobState.CANCELLED: ("Cancelled", "quiet"),
}


def number(value: int) -> str:
    return f"{value:,}"


def counted(value: int, one: str, many: str = "") -> str:
    """ "1 line", "1,204 lines"."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def can_be_undone(job: Job) -> bool:
    """By its kind; an evaluation only where it gave badges for the past."""
    if job.kind == EVALUATE:
        return BACKFILL in job.parameters
    return bool(kind_named(job.kind).undone_by)


def unit_of(job: Job) -> str:
    """What the job goes through, one of them."""
    return "member" if job.kind in EVALUATIONS else "line"


def state_pill(job: Job) -> SafeString:
    return pill(*STATE_WORDS[JobState(job.state)])


def name_of(job: Job, badge_type: BadgeType | None) -> str:
    """The badge's name; its code if the row is no longer there."""
    return badge_name(badge_type) if badge_type else str(job.parameters.get("systemCode", ""))


def title_of(job: Job, badge_type: BadgeType | None) -> str:
    """What the job does, as a heading."""
    name, count = name_of(job, badge_type), job.parameters.get("count")
    match job.kind:
        case "assign":
            return f"Assign {name}" if count in {None, 1} else f"Assign {name} {times(count)}"
        case "revoke":
            return f"Take {name} away" if count is None else f"Take {name} away {times(count)}"
        case "set_count":
            return f"Set the count of {name}" + ("" if count is None else f" to {count:,}")
        case "dry_run":
            return f"Try {name} on history"
        case "evaluate":
            return f"Give {name} for the past" if BACKFILL in job.parameters else f"Award {name}"
        case _:
            undone = job.undoes
            return f"Undo: {title_of(undone, badge_type)}" if undone else f"Undo of {name}"


def percent_of(job: Job) -> int:
    """How far it is, and 100 only when it has come to its end."""
    if job.state == JobState.DONE:
        return 100
    return min(job.processed * 100 // job.total, 99) if job.total else 0


def progress_sentence(job: Job) -> str:
    lines = f"{number(job.processed)} of {counted(job.total, unit_of(job))}"
    match job.state:
        case JobState.QUEUED:
            return f"Waiting for a worker. {lines} so far."
        case JobState.RUNNING:
            return lines
        case JobState.PAUSED:
            return f"Paused at {lines}."
        case JobState.DONE:
            return f"{counted(job.total, unit_of(job))} in {duration_of(job)}"
        case JobState.FAILED:
            return f"Stopped at {lines}."
        case _:
            return f"Cancelled at {lines}."


def duration_of(job: Job) -> str:
    if job.started_at is None or job.finished_at is None:
        return "no time"
    took = job.finished_at - job.started_at
    if took < timedelta(seconds=1):
        return "less than a second"
    if took < timedelta(minutes=2):
        return counted(int(took.total_seconds()), "second")
    if took < timedelta(hours=2):
        return counted(int(took.total_seconds() // 60), "minute")
    return counted(int(took.total_seconds() // 3600), "hour")


def effect_of(job: Job, badge_type: BadgeType, seen: Forecast) -> SafeString:
    """What the job would do, to how many, as one sentence or two."""
    count, name = job.parameters.get("count"), badge_name(badge_type)
    who = format_html("<b>{}</b> of {}", counted(seen.members, "member"), badge_type.store)
    if not seen.members:
        return format_html("<b>Nothing would happen:</b> no line names a member of {}.",
                           badge_type.store)  # fmt: skip
    held = _held(seen)
    match job.kind:
        case "assign":
            how = "as often as the lines say" if seen.counts_on_lines else times(count or 1)
            return format_html("Assign <b>{}</b> {} to {}. {}", name, how, who, held)
        case "revoke":
            how = ""
            if seen.counts_on_lines:
                how = " as often as the lines say"
            elif count:
                how = f" {times(count)}"
            rest = _for_the_others(seen)
            return format_html("Take <b>{}</b> away{} from {}. {} {}", name, how, who, held, rest)
        case _ if seen.counts_on_lines or count is None:
            how = "what the lines say"
            return format_html("Set the count of <b>{}</b> to {} for {}. {}", name, how, who, held)
        case _ if count == 0:
            rest = _for_the_others(seen)
            return format_html("Take <b>{}</b> away from {}. {} {}", name, who, held, rest)
        case _:
            how = number(count)
            return format_html("Set the count of <b>{}</b> to {} for {}. {}", name, how, who, held)


def _held(seen: Forecast) -> str:
    if seen.members == 1:
        return "They hold it already." if seen.holders else "They do not hold it yet."
    match seen.holders:
        case 0:
            return "None of them holds it yet."
        case 1:
            return "One of them holds it already."
        case holders if holders == seen.members:
            return "All of them hold it already."
        case holders:
            return f"{number(holders)} of them hold it already."


def _for_the_others(seen: Forecast) -> str:
    return "Nothing changes for the others." if 0 < seen.holders < seen.members else ""


def problems_of(seen: Forecast) -> list[str]:
    """Which lines will be left out, and why."""
    found = []
    if seen.rejected:
        found.append(f"{counted(seen.rejected, 'line')} cannot be read.")
    if seen.unknown:
        verb = "names" if seen.unknown == 1 else "name"
        found.append(f"{counted(seen.unknown, 'line')} {verb} nobody in this store.")
    if seen.twice:
        verb = "names" if seen.twice == 1 else "name"
        found.append(f"{counted(seen.twice, 'line')} {verb} somebody a second time.")
    return found
