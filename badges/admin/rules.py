"""Rules: named filters over activity, and things that other systems confirm."""

from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from badges.admin.conditions.editing import fault_of
from badges.admin.conditions.vocabulary import event_options
from badges.conditions.parsing_filters import parse_filters
from badges.conditions.wording_filters import filters_words
from badges.models import Rule, RuleKind
from badges.selectors.condition_names import event_labels
from badges.services.rules import create_rule, delete_rule, update_rule
from loyalty.admin.base import StoreScopedAdmin
from loyalty.admin.drawing import moment, pill, two_lines
from loyalty.admin.forms import PageForm, ServiceForm
from loyalty.admin.pages import Page
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import chosen_store
from loyalty.admin.widgets import Select, Textarea, TextInput
from loyalty.errors import Violation
from loyalty.models import Resource, Store

_KINDS = [
    (RuleKind.ACTIVITY, "By what members do"),
    (RuleKind.EXTERNAL, "When another system confirms it"),
]


class RuleForm(ServiceForm):
    """What a rule hears is fixed when it is made; afterwards there are only its words."""

    store: Store

    name = forms.CharField(
        max_length=255, widget=TextInput(placeholder="Bought coffee before nine")
    )
    description = forms.CharField(required=False, max_length=1000, widget=Textarea())
    kind = forms.ChoiceField(
        label="How is it completed?",
        choices=_KINDS,
        initial=RuleKind.ACTIVITY,
        widget=forms.RadioSelect(),
    )
    event_type = forms.ChoiceField(label="What was done", required=False, widget=Select())
    filters = forms.CharField(required=False, max_length=50_000, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.faults: list[dict[str, str]] = []
        if not self.instance._state.adding:
            del self.fields["kind"], self.fields["event_type"], self.fields["filters"]
            return
        choices = [(one["value"], one["label"]) for one in event_options(self.store)]
        self.fields["event_type"].choices = choices  # type: ignore[attr-defined]

    def clean_filters(self) -> list[Any]:
        try:
            filters = orjson.loads(self.cleaned_data["filters"] or "[]")
        except ValueError:
            filters = None
        if not isinstance(filters, list):
            raise forms.ValidationError("The filters could not be read. Load the page again.")
        return filters

    def write(self, values: dict[str, Any]) -> Rule:
        words = {"name": values["name"], "description": values["description"]}
        if not self.instance._state.adding:
            return update_rule(self.store, rule=self.instance, actor=self.staff.actor, **words)
        is_activity = values["kind"] == RuleKind.ACTIVITY
        return create_rule(
            self.store,
            kind=RuleKind(values["kind"]),
            event_type=values["event_type"] if is_activity else "",
            filters=values["filters"] if is_activity else [],
            actor=self.staff.actor,
            **words,
        )

    def _show(self, violation: Violation) -> None:
        if violation.path.startswith("filters"):
            self.faults.append(fault_of(violation))
            if len(self.faults) == 1:
                self.add_error(None, "The filters are not complete yet: see the rows in red.")
        else:
            super()._show(violation)


class DeleteRuleForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        rule: Rule = self.subject
        delete_rule(rule.store, rule=rule, actor=self.staff.actor, now=timezone.now())


def _filters_said(row: Rule) -> str:
    return filters_words(parse_filters(row.filters), ZoneInfo(row.store.timezone))


@admin.register(Rule)
class RuleAdmin(StoreScopedAdmin):
    resources = (Resource.BADGE,)
    list_title = "Rules"
    event_subject = "rule"
    can_add = can_change = can_delete = True
    form = RuleForm
    facts = ((None, {"fields": ("name", "description")}),)
    paginator = CappedPaginator
    change_form_template = "badges/admin/conditions/rule.html"

    list_display = ("what", "hears", "made")
    list_display_links = ("what",)
    list_filter = ("kind",)
    search_fields = ("name",)
    ordering = ("name", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        rows: QuerySet[Rule] = super().get_queryset(request)
        return rows.filter(deleted_at=None)

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        return super().rows_of(request, store).filter(deleted_at=None).select_related("store")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        store = chosen_store(request)
        labels = event_labels(store, {row.event_type for row in page.result_list}) if store else {}
        for row in page.result_list:
            row.event_label = labels.get(row.event_type, row.event_type)
        return page

    @admin.display(description="Rule", ordering="name")
    def what(self, row: Rule) -> SafeString:
        return two_lines(row.name, row.description[:120])

    @admin.display(description="Hears")
    def hears(self, row: Any) -> SafeString:
        if row.kind == RuleKind.EXTERNAL:
            return pill("Another system", "brand")
        return two_lines(row.event_label, _filters_said(row))

    @admin.display(description="Made", ordering="created_at")
    def made(self, row: Rule) -> SafeString:
        return moment(row.created_at)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return ()
        return super().get_fieldsets(request, obj)

    def add_title(self, request: HttpRequest) -> str:
        return f"New rule in {chosen_store(request)}"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: Rule | None = context.get("original")
        store = row.store if row else chosen_store(request)
        if store is not None:
            context["vocabulary"] = {"events": event_options(store)}
        if row is not None:
            labels = event_labels(row.store, [row.event_type])
            context["event_label"] = labels.get(row.event_type, row.event_type)
            context["filters_said"] = _filters_said(row)
        context["store"] = store
        return super().render_change_form(request, context, *args, **kwargs)

    def delete_page(self, request: HttpRequest, row: Rule) -> HttpResponse:
        effect = (
            "It can no longer be chosen for a badge. What members completed stays in the log."
            " A rule that a badge or a rule group needs cannot be deleted."
        )
        return self.ask(
            request,
            row,
            DeleteRuleForm,
            Page(f"Delete {row.name}", "Delete the rule", effect, danger=True),
            done=f"{row.name} was deleted.",
            to=f"{self.list_url()}?store={row.store.code}",
        )
