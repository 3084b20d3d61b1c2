"""What a dry run found, in words: who would earn the badge, and what each policy would do."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from badges.admin.conditions.publishing import POLICIES
from badges.admin.job_words import counted
from badges.models import ConditionVersion, PublishPolicy
from badges.selectors.dry_runs import dry_runs
from loyalty.models import Job, JobState

Result = Mapping[str, Any]
"""See `badges.selectors.dry_runs.dry_run`."""


def latest_try(draft: ConditionVersion) -> Job | None:
    """The last dry run of what the draft says now; one of an earlier wording tells nothing."""
    asked = dry_runs(draft.store, draft.badge_type).filter(
        parameters__tree=draft.tree, parameters__repeatLimit=draft.repeat_limit
    )
    return asked.exclude(state=JobState.CANCELLED).order_by("-created_at").first()


def tells_of(job: Job, version: ConditionVersion | None) -> bool:
    """Whether it tried what the version says."""
    if version is None:
        return False
    asked = job.parameters
    return bool(asked["tree"] == version.tree and asked["repeatLimit"] == version.repeat_limit)


def result_of(job: Job | None) -> Result | None:
    return job.result if job is not None and job.state == JobState.DONE else None


def sentences(result: Result) -> list[str]:
    """The result in two or three sentences."""
    members = result["members"]
    since = day_of(result["countingFrom"])
    if not members:
        said = [f"Nobody would have earned it by what happened since {since}."]
    else:
        times = "" if result["completions"] == members else f", {result['completions']:,} times"
        said = [f"{_who(members)} would have earned it{times}, by what happened since {since}."]
    if result["isEdit"]:
        gain, lose = result["gained"]["members"], result["lost"]["members"]
        said.append(f"{_who(gain)} would gain it, and {_who(lose).lower()} would lose it.")
    return said


def choices(result: Result | None) -> list[dict[str, str]]:
    """The three policies for the page that publishes, each with its effect if that is known."""
    return [
        {
            "value": policy,
            "label": label,
            "help": words,
            "effect": policy_effect(result, policy) if result else "",
        }
        for policy, (label, words) in POLICIES.items()
    ]


def policy_effect(result: Result, policy: str) -> str:
    """What happens at once if the draft is published so."""
    effect = result["policies"][policy]
    parts = [_given(effect)]
    if result["isEdit"]:
        losing = effect["membersLosing"]
        parts.append(f"{_who(losing)} {'loses' if losing < 2 else 'lose'} it.")
    if effect["redated"]:
        parts.append(f"{counted(effect['redated'], 'date')} would become earlier.")
    return " ".join(parts)


def first_effect(result: Result) -> str:
    """The same for a first version, for which there is nothing to choose."""
    return policy_effect(result, PublishPolicy.ONLY_ADD)


def days_of(result: Result) -> list[tuple[date, int]]:
    """How many members would have earned it for the first time in each part of the curve."""
    buckets = result["curve"]["buckets"]
    return [(date.fromisoformat(one["start"]), one["members"]) for one in buckets]


def day_of(text: str) -> str:
    """The day of a moment, on the clock of the page's store."""
    return date_format(timezone.localtime(datetime.fromisoformat(text)), "j M Y")


def _given(effect: Mapping[str, Any]) -> str:
    members = effect["members"]
    if not members:
        return "Nobody gets it at once."
    first, last = day_of(effect["firstAt"]), day_of(effect["lastAt"])
    dated = f"dated {first}" if first == last else f"dated {first} to {last}"
    times = "" if effect["granted"] == members else f" {effect['granted']:,} times"
    return f"{_who(members)} {'gets' if members == 1 else 'get'} it{times} at once, {dated}."


def _who(members: int) -> str:
    return counted(members, "member") if members else "Nobody"
