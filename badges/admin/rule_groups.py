"""Rule groups: rules that belong together, and how many of them are needed."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from badges.models import RuleGroup
from badges.selectors.rules import rules
from badges.services.rule_groups import create_rule_group, delete_rule_group, update_rule_group
from loyalty.admin.base import StoreScopedAdmin
from loyalty.admin.drawing import moment, two_lines
from loyalty.admin.forms import PageForm, ServiceForm
from loyalty.admin.pages import Page
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import chosen_store
from loyalty.admin.widgets import Checkboxes, NumberInput, TextInput
from loyalty.models import Resource, Store

_MOST_TO_CHOOSE_FROM = 500


class RuleGroupForm(ServiceForm):
    store: Store

    name = forms.CharField(max_length=255, widget=TextInput(placeholder="A week in the café"))
    rule_ids = forms.MultipleChoiceField(label="Its rules", required=False, widget=Checkboxes())
    required_count = forms.IntegerField(
        label="How many of them are needed",
        required=False,
        min_value=1,
        help_text="Left empty: all of them.",
        widget=NumberInput(min=1),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = rules(self.store).order_by("name", "id")[:_MOST_TO_CHOOSE_FROM]
        choices = [(str(rule.id), rule.name) for rule in found]
        self.fields["rule_ids"].choices = choices  # type: ignore[attr-defined]

    def field_for(self, path: str) -> str | None:
        return super().field_for("ruleIds" if path.startswith("ruleIds") else path)

    def write(self, values: dict[str, Any]) -> RuleGroup:
        # Those that were there keep their places, and the others come after them.
        before: list[str] = [] if self.instance._state.adding else self.instance.rule_ids
        chosen = sorted(
            values["rule_ids"],
            key=lambda rule_id: before.index(rule_id) if rule_id in before else len(before),
        )
        given = {
            "name": values["name"],
            "rule_ids": [UUID(rule_id) for rule_id in chosen],
            "required_count": values["required_count"],
            "actor": self.staff.actor,
        }
        if self.instance._state.adding:
            return create_rule_group(self.store, **given)
        return update_rule_group(self.store, group=self.instance, **given)


class DeleteRuleGroupForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        group: RuleGroup = self.subject
        delete_rule_group(group.store, group=group, actor=self.staff.actor, now=timezone.now())


@admin.register(RuleGroup)
class RuleGroupAdmin(StoreScopedAdmin):
    resources = (Resource.BADGE,)
    list_title = "Rule groups"
    event_subject = "ruleGroup"
    can_add = can_change = can_delete = True
    form = RuleGroupForm
    facts = ((None, {"fields": ("name", "needs", "its_rules")}),)
    paginator = CappedPaginator
    change_form_template = "badges/admin/conditions/rule_group.html"

    list_display = ("what", "needs", "made")
    list_display_links = ("what",)
    search_fields = ("name",)
    ordering = ("name", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuleGroup]:
        rows: QuerySet[RuleGroup] = super().get_queryset(request)
        return rows.filter(deleted_at=None)

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        return super().rows_of(request, store).filter(deleted_at=None).select_related("store")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        store = chosen_store(request)
        wanted = {rule_id for row in page.result_list for rule_id in row.rule_ids}
        names = _names(store, wanted) if store else {}
        for row in page.result_list:
            row.rule_names = [names[rule_id] for rule_id in row.rule_ids if rule_id in names]
        return page

    @admin.display(description="Rule group", ordering="name")
    def what(self, row: Any) -> SafeString:
        return two_lines(row.name, ", ".join(row.rule_names)[:160])

    @admin.display(description="Needed")
    def needs(self, row: RuleGroup) -> str:
        return f"{row.required_count or 'All'} of {len(row.rule_ids)}"

    @admin.display(description="Rules")
    def its_rules(self, row: RuleGroup) -> str:
        names = _names(row.store, set(row.rule_ids))
        return ", ".join(names[rule_id] for rule_id in row.rule_ids if rule_id in names)

    @admin.display(description="Made", ordering="created_at")
    def made(self, row: RuleGroup) -> SafeString:
        return moment(row.created_at)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return ()
        return super().get_fieldsets(request, obj)

    def add_title(self, request: HttpRequest) -> str:
        return f"New rule group in {chosen_store(request)}"

    def delete_page(self, request: HttpRequest, row: RuleGroup) -> HttpResponse:
        effect = (
            "It can no longer be chosen for a badge; its rules stay. A group that a badge needs"
            " cannot be deleted."
        )
        return self.ask(
            request,
            row,
            DeleteRuleGroupForm,
            Page(f"Delete {row.name}", "Delete the rule group", effect, danger=True),
            done=f"{row.name} was deleted.",
            to=f"{self.list_url()}?store={row.store.code}",
        )


def _names(store: Store, rule_ids: set[str]) -> dict[str, str]:
    found = rules(store).filter(id__in=rule_ids).values_list("id", "name")
    return {str(rule_id): name for rule_id, name in found}
