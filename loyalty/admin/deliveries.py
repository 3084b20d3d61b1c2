"""What webhooks were told: each message, every attempt, and what came back."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.drawing import link, moment, pill
from loyalty.admin.forms import PageForm
from loyalty.admin.pages import Page, action
from loyalty.admin.paging import CappedPaginator
from loyalty.models import (
    Access,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    Resource,
    Store,
    Subscription,
)
from loyalty.selectors.webhooks import attempts_at, message_of
from loyalty.services.webhooks.redelivery import redeliver

_TONES = {
    DeliveryState.QUEUED: "warm", DeliveryState.DELIVERED: "good", DeliveryState.DEAD: "bad",
}  # fmt: skip
_SHOWN_ATTEMPTS = 50


class RedeliverForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        row: Delivery = self.subject
        redeliver(row.store, delivery=row, actor=self.staff.actor)


class SubscriptionFilter(SimpleListFilter):
    """Given by the link from a webhook; the list itself is of all of them."""

    title = "webhook"
    parameter_name = "subscription"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        chosen = request.GET.get(self.parameter_name)
        return [(chosen, "The chosen one")] if chosen else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        try:
            return queryset.filter(subscription_id=UUID(value))
        except ValueError:
            return queryset.none()


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    resources = (Resource.WEBHOOK_SUBSCRIPTION,)
    list_title = "Webhook messages"
    paginator = CappedPaginator
    list_display = ("when", "what", "how", "attempts", "last_status", "to")
    list_display_links = ("when",)
    list_filter = (SubscriptionFilter, "state")
    ordering = ("-queued_at",)
    facts = (
        (None, {"fields": ("what", "how", "to", "id", "event_sequence", "happened", "next_try")}),
        ("What it says", {"fields": ("said",)}),
        ("Attempts, the latest first", {"fields": ("log",)}),
    )
    actions_detail: tuple[Any, ...] = ("again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("subscription")

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        return super().rows_of(request, store).select_related("subscription")

    @action("Send again", path="again", icon="replay")
    def again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        effect = "It keeps its id, and is tried for three days again if it has to be."
        page = Page("Send the message again", "Send", effect)
        return self.ask(request, row, RedeliverForm, page, done="The message is on the way.")

    @admin.display(description="Queued", ordering="queued_at")
    def when(self, row: Delivery) -> SafeString:
        return moment(row.queued_at)

    @admin.display(description="Happened")
    def happened(self, row: Delivery) -> SafeString:
        return moment(row.happened_at)

    @admin.display(description="Event")
    def what(self, row: Delivery) -> str:
        return row.message_type

    @admin.display(description="State")
    def how(self, row: Delivery) -> SafeString:
        return pill(row.get_state_display(), _TONES[DeliveryState(row.state)])

    @admin.display(description="To")
    def to(self, row: Delivery) -> SafeString:
        subscription: Subscription = row.subscription
        url = reverse("admin:loyalty_subscription_change", args=[subscription.id])
        return link(url, subscription.url)

    @admin.display(description="Next attempt", empty_value="—")
    def next_try(self, row: Delivery) -> SafeString | None:
        return moment(row.next_attempt_at) if row.state == DeliveryState.QUEUED else None

    @admin.display(description="Content")
    def said(self, row: Delivery) -> SafeString:
        data = message_of(row.store, row, row.subscription).data
        text = json.dumps(data, indent=2, ensure_ascii=False, default=str)
        return format_html('<pre class="rs-code">{}</pre>', text[:4096])

    @admin.display(description="Log")
    def log(self, row: Delivery) -> SafeString | str:
        lines = attempts_at(row)[:_SHOWN_ATTEMPTS]
        return format_html_join("", "{}", ((_drawn(each),) for each in lines)) or "None yet."


def _drawn(attempt: DeliveryAttempt) -> SafeString:
    good = attempt.status is not None and 200 <= attempt.status < 300
    return format_html(
        '<div>{} {} <small>{} ms, request {}</small></div><pre class="rs-code">{}</pre>',
        moment(attempt.at),
        pill(str(attempt.status or attempt.error), "good" if good else "bad"),
        attempt.milliseconds,
        attempt.id,
        attempt.answer,
    )
