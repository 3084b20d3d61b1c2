"""The form of a condition, its limit and what a refund does."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django import forms

from badges.admin.conditions.local_time import on_the_clock
from badges.models import ConditionVersion, RefundPolicy
from badges.services.conditions import save_draft
from loyalty.admin.forms import PageForm
from loyalty.admin.widgets import NumberInput, Switch
from loyalty.errors import Code, Violation

_LARGEST = 200_000
_MOST_TIMES = 1_000_000
_MOST_DAYS = 3650

ONCE, SEVERAL, ENDLESS = "once", "several", "endless"
_HOW_OFTEN = [
    (ONCE, "Once"),
    (SEVERAL, "Several times"),
    (ENDLESS, "Again and again, without end"),
]
_REFUNDS = [
    (RefundPolicy.KEEP, "The badge stays."),
    (RefundPolicy.REVOKE, "The badge goes, whenever that happens."),
    (RefundPolicy.GRACE, "The badge goes within some days after it was earned, and stays then."),
]
# An empty choice is no UUID, and a list without an entry is too short.
_FOR_A_FORM = {
    Code.MISSING: "Fill in what is empty here.",
    Code.BLANK: "Fill in what is empty here.",
    Code.UUID: "Choose one.",
    Code.TOO_SHORT: "Add at least one.",
}


class ConditionForm(PageForm):
    """Saves the draft.  `subject` is the badge type.

    `faults` say what is wrong with the condition itself, each with the path of the row it is
    about; the script shows them there.
    """

    tree = forms.CharField(max_length=_LARGEST, widget=forms.HiddenInput())
    repeat = forms.ChoiceField(
        label="How often can a member earn it?", choices=_HOW_OFTEN, widget=forms.RadioSelect()
    )
    times = forms.IntegerField(
        label="How many times", required=False, min_value=1, max_value=_MOST_TIMES,
        widget=NumberInput(min=1),
    )  # fmt: skip
    refund_policy = forms.ChoiceField(
        label="When a purchase that counted is returned", choices=_REFUNDS,
        widget=forms.RadioSelect(),
    )  # fmt: skip
    grace_days = forms.IntegerField(
        label="Days", required=False, min_value=0, max_value=_MOST_DAYS, widget=NumberInput(min=0)
    )
    hidden = forms.BooleanField(
        label="A secret badge",
        required=False,
        help_text="Members see neither how it is earned nor how far they are.",
        widget=Switch(),
    )
    paths = {"repeatLimit": "times"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.faults: list[dict[str, str]] = []
        # Whatever was sent: the script can only go on from what it would have sent itself.
        if self.is_bound and not isinstance(_parsed(self.data.get("tree", "")), dict):
            sent = {name: self.data[name] for name in self.data}
            self.data = {**sent, "tree": self.initial.get("tree", "")}

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        if values.get("repeat") == SEVERAL and not values.get("times") and not self.errors:
            self.add_error("times", "How many times?")
        is_grace = values.get("refund_policy") == RefundPolicy.GRACE
        if is_grace and values.get("grace_days") is None and "grace_days" not in self.errors:
            self.add_error("grace_days", "Within how many days?")
        return values

    def write(self, values: dict[str, Any]) -> None:
        store = self.subject.store
        limit = {ONCE: 1, ENDLESS: None}.get(values["repeat"], values["times"])
        days = values["grace_days"]
        save_draft(
            store,
            badge_type=self.subject,
            tree=_parsed(values["tree"]),
            repeat_limit=limit,
            refund_policy=RefundPolicy(values["refund_policy"]),
            hidden=values["hidden"],
            actor=self.staff.actor,
            **({} if days is None else {"grace_days": days}),
        )

    def _show(self, violation: Violation) -> None:
        if violation.path.split(".")[0].split("[")[0] == "tree":
            self.faults.append(fault_of(violation))
            if len(self.faults) == 1:
                self.add_error(None, "The condition is not complete yet: see the rows in red.")
        else:
            super()._show(violation)


def fault_of(violation: Violation) -> dict[str, str]:
    """What stands at the row; in a form, what is empty is not yet wrong."""
    message = _FOR_A_FORM.get(violation.code, violation.message)
    return {"path": violation.path, "message": message}


def initial_of(version: ConditionVersion | None, zone: ZoneInfo) -> dict[str, Any]:
    """What the form begins with: the version, or an empty condition that the script begins."""
    if version is None:
        return {"repeat": ONCE, "refund_policy": RefundPolicy.GRACE, "grace_days": 30}
    limit = version.repeat_limit
    return {
        "tree": json.dumps(on_the_clock(version.tree, zone)),
        "repeat": ONCE if limit == 1 else SEVERAL if limit else ENDLESS,
        "times": limit if limit and limit > 1 else None,
        "refund_policy": version.refund_policy,
        "grace_days": version.grace_days,
        "hidden": version.hidden,
    }


def _parsed(text: str) -> object:
    try:
        return orjson.loads(text)
    except ValueError:
        return None
