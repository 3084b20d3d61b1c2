"""Webhooks: who is told of what, with which secret, and whether it arrives."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loyalty.admin.base import StoreScopedAdmin
from loyalty.admin.drawing import link, moment, pill, two_lines
from loyalty.admin.forms import PageForm, ServiceForm
from loyalty.admin.pages import Page, action
from loyalty.admin.staff import staff_of
from loyalty.admin.widgets import (
    Checkboxes,
    DateInput,
    NumberInput,
    Select,
    Switch,
    Textarea,
    TextInput,
)
from loyalty.models import Access, Resource, Store, Subscription, WebhookFormat
from loyalty.selectors.webhooks import (
    EVENT_NAMES,
    headers_of,
    keys_of,
    switched_off_by_failures,
)
from loyalty.services.webhooks.message_types import wix_message_types
from loyalty.services.webhooks.redelivery import redeliver_range, send_test
from loyalty.services.webhooks.subscriptions import (
    LONGEST_OVERLAP,
    MASK,
    OVERLAP,
    create_subscription,
    delete_subscription,
    rotate_secret,
    set_subscription_active,
    update_subscription,
)
from loyalty.webhooks.addresses import MAX_URL
from loyalty.webhooks.formats import live_keys
from loyalty.webhooks.signing import Key, key_id, public_key

_HOUR = timedelta(hours=1)
_SHOWN_NAMES = 2


class SubscriptionForm(ServiceForm):
    """What is told and how is chosen once; where to, and with which headers, may change."""

    store: Store
    paths = {"eventName": "event_names", "headers": "headers"}

    url = forms.CharField(
        label="Address",
        max_length=MAX_URL,
        help_text="Of your receiver, beginning with https:// and reachable from the internet.",
        widget=TextInput(placeholder="https://shop.example/hooks/rosette", spellcheck="false"),
    )
    format = forms.ChoiceField(
        choices=WebhookFormat.choices,
        help_text="How messages are written and signed. It cannot be changed later.",
        widget=Select(),
    )
    event_names = forms.MultipleChoiceField(label="Events", widget=Checkboxes())
    headers = forms.CharField(
        required=False,
        max_length=30_000,
        help_text="One a line, such as “Authorization: Bearer …”. They are kept encrypted, and"
        " their values are not shown again: a line that stays as it is keeps its value, unless"
        " the address is of another host.",
        widget=Textarea(spellcheck="false"),
    )
    include_silent = forms.BooleanField(
        label="Also what is granted silently",
        required=False,
        help_text="Badges for the past, which members are not to be congratulated on today.",
        widget=Switch(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            del self.fields["format"], self.fields["event_names"]
            return
        names = [*EVENT_NAMES, *sorted(wix_message_types())]
        field = self.fields["event_names"]
        field.choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        field.help_text = "Those that begin with “wix.” are for Wix's format, and only they are."

    def stored(self, row: Subscription) -> dict[str, Any]:
        lines = [f"{name}: {MASK if value else ''}" for name, value in headers_of(row)]
        return {
            "url": row.url, "include_silent": row.include_silent, "headers": "\n".join(lines)
        }  # fmt: skip

    def clean_headers(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for line in filter(None, map(str.strip, self.cleaned_data["headers"].splitlines())):
            name, colon, value = line.partition(":")
            if not colon:
                raise forms.ValidationError(f"There is no colon in “{line[:40]}”.")
            found.append((name.strip(), value.strip()))
        return found

    def field_for(self, path: str) -> str | None:
        return "headers" if path.startswith("headers.") else super().field_for(path)

    def write(self, values: dict[str, Any]) -> Subscription:
        where = {name: values[name] for name in ("url", "headers", "include_silent")}
        by: dict[str, Any] = {"actor": self.staff.actor, "now": timezone.now()}
        if self.instance._state.adding:
            row, self.key = create_subscription(
                self.store, event_names=values["event_names"], webhook_format=values["format"],
                **where, **by,
            )  # fmt: skip
            return row
        return update_subscription(self.store, subscription_id=self.instance.id, **where, **by)


class SwitchForm(PageForm):
    active = False

    def write(self, values: dict[str, Any]) -> None:
        row: Subscription = self.subject
        set_subscription_active(
            row.store, subscription_id=row.id, active=self.active, actor=self.staff.actor,
            now=timezone.now(),
        )  # fmt: skip


class SwitchOnForm(SwitchForm):
    active = True


class SubscriptionTestForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        row: Subscription = self.subject
        send_test(
            row.store, subscription_id=row.id, actor=self.staff.actor, now=timezone.now()
        )  # fmt: skip


class RotationForm(PageForm):
    hours = forms.IntegerField(
        label="Hours in which the old secret goes on signing",
        min_value=0,
        max_value=LONGEST_OVERLAP // _HOUR,
        initial=OVERLAP // _HOUR,
        help_text="Long enough to put the new one in place.",
        widget=NumberInput(),
    )
    paths = {"overlapHours": "hours"}
    key: Key

    def write(self, values: dict[str, Any]) -> None:
        row: Subscription = self.subject
        self.key = rotate_secret(
            row.store, subscription_id=row.id, actor=self.staff.actor, now=timezone.now(),
            overlap=timedelta(hours=values["hours"]),
        )  # fmt: skip


class RangeForm(PageForm):
    first = forms.DateField(label="From", widget=DateInput())
    last = forms.DateField(label="Until, that day included", widget=DateInput())
    only_dead = forms.BooleanField(
        label="Only what was given up",
        required=False,
        help_text="Otherwise everything that happened is sent: again, or for the first time if"
        " the subscription was off.",
        widget=Switch(),
    )
    paths = {"to": "last"}
    queued = 0

    def write(self, values: dict[str, Any]) -> None:
        row: Subscription = self.subject
        zone = timezone.get_current_timezone()
        begin, end = (
            datetime.combine(day, time.min, tzinfo=zone)
            for day in (values["first"], values["last"] + timedelta(days=1))
        )
        self.queued = redeliver_range(
            row.store, subscription_id=row.id, begin=begin, end=end,
            only_dead=values["only_dead"], actor=self.staff.actor,
        )  # fmt: skip


class DeleteSubscriptionForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        row: Subscription = self.subject
        delete_subscription(row.store, subscription_id=row.id, actor=self.staff.actor)


class StateFilter(SimpleListFilter):
    title = "state"
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("on", "On"), ("failing", "Failing"), ("off", "Off")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "on":
                return queryset.filter(active=True)
            case "failing":
                return queryset.filter(active=True, failures__gt=0)
            case "off":
                return queryset.filter(active=False)
        return queryset


@admin.register(Subscription)
class SubscriptionAdmin(StoreScopedAdmin):
    resources = (Resource.WEBHOOK_SUBSCRIPTION,)
    list_title = "Webhooks"
    event_subject = "webhookSubscription"
    can_add = can_change = can_delete = True
    form = SubscriptionForm
    readonly_fields = ("health", "format_shown", "events", "public_keys", "log")
    _SHOWN = ("health", "format_shown", "events", "public_keys", "log")
    fieldsets = (
        (None, {"fields": _SHOWN}),
        ("Where to", {"fields": ("url", "headers", "include_silent")}),
    )
    add_fieldsets = (
        (None, {"fields": ("url", "format", "headers", "include_silent")}),
        ("What it is told", {"fields": ("event_names",)}),
    )
    facts = ((None, {"fields": ("url", *_SHOWN, "include_silent", "created_at")}),)
    list_display = ("address", "told", "health")
    list_display_links = ("address",)
    list_filter = (StateFilter, "format")
    search_fields = ("url",)
    ordering = ("-created_at",)
    actions_detail: tuple[Any, ...] = (
        "test", "again", "rotate", "switch_off", "switch_on",
    )  # fmt: skip

    def add_title(self, request: HttpRequest) -> str:
        return "New webhook"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        seen = staff_of(request).stores_with(Access.VIEW, *self.resources)
        for row in switched_off_by_failures(seen):
            reason = row.get_disabled_reason_display()
            messages.warning(request, f"{row.store.name}: {row.url} is off. {reason}.")
        return super().changelist_view(request, extra_context)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else super().get_readonly_fields(request, obj)

    def offers(self, request: HttpRequest, action: str, row: Subscription) -> bool:
        fits = {"switch_on": not row.active, "switch_off": row.active, "test": row.active}
        return fits.get(action, True) and super().offers(request, action, row)

    # --- Secrets ------------------------------------------------------------------------------

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        request._webhook_key = getattr(form, "key", None)  # type: ignore[attr-defined]
        return super().save_form(request, form, change)

    def response_add(
        self, request: HttpRequest, obj: Subscription, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The answer to the POST itself shows the secret: a redirect would have to store it."""
        return self._show_key(request, obj, request._webhook_key)  # type: ignore[attr-defined]

    def _show_key(self, request: HttpRequest, row: Subscription, key: Key) -> HttpResponse:
        wix = row.format == WebhookFormat.WIX
        return self.show(
            request,
            "loyalty/admin/webhook_secret.html",
            {
                "title": "The public key of your webhook" if wix else "The secret of your webhook",
                "row": row,
                "wix": wix,
                "secret": public_key(key.secret) if wix else key.secret,
                "back": self.url_of(row),
            },
        )

    @action("New secret", path="rotate", icon="key")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        form = RotationForm(
            staff_of(request), row, *([request.POST] if request.method == "POST" else [])
        )
        if request.method == "POST" and form.is_valid():
            return self._show_key(request, row, form.key)
        effect = "Messages are signed with both secrets until the old one ends."
        if row.format == WebhookFormat.WIX:
            effect = (
                "Messages are signed with the old key until it ends, and then with the new one."
            )
        page = Page("A new secret", "Make a new secret", effect)
        context = {"title": page.title, "page": page, "form": form, "row": row,
                   "back": self.url_of(row)}  # fmt: skip
        return self.show(
            request, page.template, context, status=200 if request.method != "POST" else 422
        )

    # --- Doing --------------------------------------------------------------------------------

    @action("Send a test", path="test", icon="send")
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        page = Page("Send a test", "Send", f"A message that says only “test” goes to {row.url}.")
        done = "The test is on its way. The log shows what comes back."
        return self.ask(request, row, SubscriptionTestForm, page, done=done)

    @action("Send again", path="again", icon="replay")
    def again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        effect = (
            "A message that arrived before has the same id: receivers can tell that they know it."
        )
        page = Page("Send what happened in a time", "Send", effect)
        return self.ask(
            request, row, RangeForm, page, done=lambda form: _queued(form.queued)  # type: ignore[attr-defined]
        )  # fmt: skip

    @action("Switch off", path="off", icon="toggle_off")
    def switch_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        effect = "What happens meanwhile is not sent. You can have it sent later, by its time."
        page = Page("Switch the webhook off", "Switch off", effect, danger=True)
        return self.ask(request, row, SwitchForm, page, done="The webhook is off.")

    @action("Switch on", path="on", icon="toggle_on", variant="primary")
    def switch_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        effect = "What still waits is sent at once. “Send again” sends what it missed."
        page = Page("Switch the webhook on", "Switch on", effect)
        return self.ask(request, row, SwitchOnForm, page, done="The webhook is on.")

    def delete_page(self, request: HttpRequest, row: Any) -> HttpResponse:
        effect = "What still waits is not sent any more, and the log of what was is gone."
        page = Page("Delete the webhook", "Delete", effect, danger=True)
        to = f"{self.list_url()}?store={row.store.code}"
        done = "The webhook was deleted."
        return self.ask(request, row, DeleteSubscriptionForm, page, done=done, to=to)

    # --- Showing ------------------------------------------------------------------------------

    @admin.display(description="Address", ordering="url")
    def address(self, row: Subscription) -> SafeString:
        return two_lines(row.url, row.get_format_display())

    @admin.display(description="Is told of")
    def told(self, row: Subscription) -> str:
        names, more = row.event_names[:_SHOWN_NAMES], len(row.event_names) - _SHOWN_NAMES
        return ", ".join(names) + (f" and {more} more" if more > 0 else "")

    @admin.display(description="State")
    def health(self, row: Subscription) -> SafeString:
        if not row.active:
            since = moment(row.disabled_at) if row.disabled_at else ""
            words = pill("Off", "bad" if row.disabled_reason != "by_hand" else "quiet")
            return format_html("{} {} {}", words, row.get_disabled_reason_display(), since)
        if row.failing_since:
            return format_html("{} since {}", pill("Failing", "warm"), moment(row.failing_since))
        return pill("On", "good")

    @admin.display(description="Format")
    def format_shown(self, row: Subscription) -> str:
        return row.get_format_display()

    @admin.display(description="Events")
    def events(self, row: Subscription) -> str:  # type: ignore[override]
        return ", ".join(row.event_names)

    @admin.display(description="Public keys", empty_value="—")
    def public_keys(self, row: Subscription) -> SafeString | None:
        if row.format != WebhookFormat.WIX:
            return None
        keys = live_keys(keys_of(row), timezone.now())
        return format_html_join(
            "", '<p>{}</p><pre class="rs-code">{}</pre>',
            ((key_id(key.version), public_key(key.secret)) for key in keys),
        )  # fmt: skip

    @admin.display(description="Log")
    def log(self, row: Subscription) -> SafeString:
        url = reverse("admin:loyalty_delivery_changelist")
        return link(f"{url}?subscription={row.id}", "What it was told, and how that went")


def _queued(count: int) -> str:
    return f"{count:,} message{'s are' if count != 1 else ' is'} on the way."
