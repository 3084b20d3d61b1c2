"""API keys: made, shown once, revoked."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyalty.admin.access import administrators_below
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.drawing import moment, pill
from loyalty.admin.forms import PageForm, ServiceForm
from loyalty.admin.pages import Page
from loyalty.admin.staff import Staff, staff_of
from loyalty.admin.widgets import DateInput, Select, TextInput
from loyalty.models import Access, Administrator, ApiKey, Resource
from loyalty.services.api_keys import create_api_key, revoke_api_key, update_api_key


def owners(staff: Staff, access: Access) -> QuerySet[Administrator]:
    """Whose keys these are: one's own, and with ADMIN permission those of people below."""
    oneself = Q(id=staff.id)
    if not staff.may_somewhere(access, Resource.ADMIN):
        return Administrator.objects.filter(oneself)
    return Administrator.objects.filter(oneself | Q(id__in=administrators_below(staff)))


class ApiKeyForm(ServiceForm):
    name = forms.CharField(
        max_length=255,
        help_text="What uses it, so that you know what stops when you revoke it.",
        widget=TextInput(placeholder="Web shop"),
    )
    owner = forms.ChoiceField(
        help_text="The key may do what its owner's roles allow.", widget=Select()
    )
    expires_on = forms.DateField(
        label="Works until", required=False, help_text="Empty: for good.", widget=DateInput()
    )
    paths = {"expires_at": "expires_on"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            del self.fields["owner"]
            return
        rows = {str(row.id): row for row in owners(self.staff, Access.MODIFY).order_by("username")}
        self._owners = rows
        field = self.fields["owner"]
        field.choices = [(key, row.username) for key, row in rows.items()]  # type: ignore[attr-defined]
        field.initial = str(self.staff.id)

    def stored(self, row: ApiKey) -> dict[str, Any]:
        day = timezone.localtime(row.expires_at).date() if row.expires_at else None
        return {"name": row.name, "expires_on": day}

    def clean_expires_on(self) -> datetime | None:
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        end = datetime.combine(day, time.max, tzinfo=timezone.get_current_timezone())
        if end < timezone.now():
            raise forms.ValidationError("This day is over.")
        return end

    def write(self, values: dict[str, Any]) -> ApiKey:
        name, expires_at, actor = values["name"], values["expires_on"], self.staff.actor
        if self.instance._state.adding:
            owner = self._owners[values["owner"]]
            row, self.token = create_api_key(
                administrator=owner, name=name, expires_at=expires_at, actor=actor
            )
            return row
        update_api_key(api_key=self.instance, name=name, expires_at=expires_at, actor=actor)
        return self.instance  # type: ignore[no-any-return]


class RevokeForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        revoke_api_key(api_key=self.subject, actor=self.staff.actor)


@admin.register(ApiKey)
class ApiKeyAdmin(ServiceAdmin):
    """Everybody has the keys of their own account, whatever their roles, as in the API."""

    list_title = "API keys"
    event_subject = "apiKey"
    can_add = can_change = can_delete = True
    form = ApiKeyForm
    fieldsets = ((None, {"fields": ("name", "expires_on")}),)
    add_fieldsets = ((None, {"fields": ("name", "owner", "expires_on")}),)
    facts = ((None, {"fields": ("name", "masked", "owner", "expires_at", "last_used_at")}),)
    list_display = ("key", "masked", "owner", "works_until", "last_used")
    list_display_links = ("key",)
    search_fields = ("name", "administrator__username")
    ordering = ("-created_at",)

    def may(self, request: HttpRequest, access: Access, row: ApiKey | None = None) -> bool:
        staff = staff_of(request)
        if row is None or row.administrator_id == staff.id:
            return staff.id is not None
        return owners(staff, access).filter(id=row.administrator_id).exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        seen = owners(staff_of(request), Access.VIEW)
        return ApiKey.objects.filter(administrator__in=seen.values("id")).select_related(
            "administrator"
        )

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        request._api_key_token = getattr(form, "token", None)  # type: ignore[attr-defined]
        return super().save_form(request, form, change)

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The answer to the POST itself shows the key: a redirect would have to store it."""
        return self.show(
            request,
            "loyalty/admin/api_key_made.html",
            {
                "title": "Your new API key",
                "row": obj,
                "token": request._api_key_token,  # type: ignore[attr-defined]
                "back": self.list_url(),
            },
        )

    @admin.display(description="Name", ordering="name")
    def key(self, row: ApiKey) -> str:
        return row.name

    @admin.display(description="Key")
    def masked(self, row: ApiKey) -> SafeString:
        return format_html('<code class="rs-code">{}_••••••••</code>', row.public_part)

    @admin.display(description="Owner", ordering="administrator__username")
    def owner(self, row: ApiKey) -> str:
        return row.administrator.username

    @admin.display(description="Works until", ordering="expires_at")
    def works_until(self, row: ApiKey) -> SafeString | str:
        if row.expires_at is None:
            return "For good"
        if row.expires_at <= timezone.now():
            return pill("Expired", "bad")
        return timezone.localtime(row.expires_at).strftime("%-d %B %Y")

    @admin.display(description="Last used", ordering="last_used_at")
    def last_used(self, row: ApiKey) -> SafeString | str:
        return moment(row.last_used_at) if row.last_used_at else "Never"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["show_save_and_continue"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    def delete_page(self, request: HttpRequest, row: ApiKey) -> HttpResponse:
        effect = f"The next request that carries the key {row.public_part} is refused."
        return self.ask(
            request,
            row,
            RevokeForm,
            Page(f"Revoke {row.name}", "Revoke the key", effect, danger=True),
            done=f"The key {row.name} was revoked.",
            to=self.list_url(),
        )
