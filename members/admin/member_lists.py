"""Lists of members in the admin: make one, and fill it from a file."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from loyalty.admin.base import StoreScopedAdmin
from loyalty.admin.drawing import moment
from loyalty.admin.forms import PageForm, ServiceForm
from loyalty.admin.pages import Page, action
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.widgets import FileInput, TextInput
from loyalty.models import Access, Resource, Store
from members.models import MemberList
from members.selectors.member_lists import get_member_list, listed_members
from members.services.list_files import import_listed_members
from members.services.member_lists import (
    create_member_list,
    delete_member_list,
    rename_member_list,
)

_COUNTED = 10_000


class MemberListForm(ServiceForm):
    store: Store

    name = forms.CharField(max_length=255, widget=TextInput(placeholder="Founding members"))

    def write(self, values: dict[str, Any]) -> MemberList:
        row: MemberList = self.instance
        if row._state.adding:
            return create_member_list(self.store, name=values["name"], actor=self.staff.actor)
        rename_member_list(
            self.store, list_id=row.id, name=values["name"], actor=self.staff.actor
        )  # fmt: skip
        return get_member_list(self.store, row.id)


class ListFileForm(PageForm):
    file = forms.FileField(
        label="CSV file",
        allow_empty_file=True,
        help_text="One or more of the columns memberId, email, phone, loyaltyCardNumber and"
        " walletAddress.",
        widget=FileInput(accept=".csv,.txt,text/csv"),
    )

    def write(self, values: dict[str, Any]) -> None:
        row: MemberList = self.subject
        import_listed_members(
            row.store, member_list=row, file=values["file"], actor=self.staff.actor
        )  # fmt: skip


class DeleteListForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        row: MemberList = self.subject
        delete_member_list(
            row.store, list_id=row.id, actor=self.staff.actor, now=timezone.now()
        )  # fmt: skip


@admin.register(MemberList)
class MemberListAdmin(StoreScopedAdmin):
    resources = (Resource.CUSTOMER,)
    list_title = "Member lists"
    event_subject = "memberList"
    can_add = can_change = can_delete = True
    form = MemberListForm
    fieldsets = ((None, {"fields": ("name",)}),)
    facts = ((None, {"fields": ("name", "members", "created_at")}),)
    paginator = CappedPaginator
    list_display = ("name", "members", "made")
    list_display_links = ("name",)
    search_fields = ("name",)
    ordering = ("name",)
    actions_detail: tuple[Any, ...] = ("upload",)

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        return super().rows_of(request, store).select_related("store")

    @admin.display(description="Members")
    def members(self, row: MemberList) -> str:
        count = listed_members(row.store, row)[: _COUNTED + 1].count()
        return f"more than {_COUNTED:,}" if count > _COUNTED else f"{count:,}"

    @admin.display(description="Made", ordering="created_at")
    def made(self, row: MemberList) -> SafeString:
        return moment(row.created_at)

    @action("Add members from a file", path="upload", icon="upload_file", variant="primary")
    def upload(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        effect = (
            "The members of the file are put on the list in the background. Who is on it already"
            " stays as they are."
        )
        page = Page(f"Add members to {row.name}", "Upload", effect)
        done = "The file is being worked on. The list grows as it goes."
        return self.ask(request, row, ListFileForm, page, done=done)

    def delete_page(self, request: HttpRequest, row: Any) -> HttpResponse:
        effect = "Conditions that name the list find nobody on it any more."
        page = Page(f"Delete {row.name}", "Delete", effect, danger=True)
        to = f"{self.list_url()}?store={row.store.code}"
        return self.ask(request, row, DeleteListForm, page, done="The list was deleted.", to=to)
