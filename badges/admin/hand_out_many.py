"""Hand a badge out to many, or take it away from many: choose, look at the effect, confirm."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from badges.admin.drawing import badge_name, badge_tile
from badges.admin.job_forms import HandOutManyForm, WorkForm
from badges.models import BadgeType
from badges.selectors.badge_types import badge_types
from badges.services.job_creation import stage_chosen
from loyalty.admin.pages import Page, Pages
from loyalty.admin.staff import Staff, chosen_store, staff_of
from loyalty.models import Access, Job, Resource, Store
from members.models import Member

_MOST_TO_CHOOSE_FROM = 200


def may_work_on_many(staff: Staff, store: Store) -> bool:
    """Whoever starts a job sees whom it is for."""
    return staff.may(Access.MODIFY, store.id, Resource.BADGE) and staff.may(
        Access.VIEW, store.id, Resource.CUSTOMER
    )


def job_url(job: Job) -> str:
    return reverse("admin:loyalty_job_change", args=[job.pk])


def hand_out_many_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    if not may_work_on_many(staff_of(request), badge_type.store):
        raise PermissionDenied
    name = badge_name(badge_type)
    page = Page(
        title=f"Hand out {name} to many",
        button="Show what would happen",
        template="badges/admin/hand_out_many.html",
        context={
            "tile": badge_tile(badge_type, size="lg"),
            "name": name,
            "store": badge_type.store,
        },
    )
    return admin.ask(request, badge_type, HandOutManyForm, page, done="", to=_to_draft)


def _to_draft(form: Any) -> str:
    return job_url(form.draft)


class ChosenMembersForm(WorkForm):
    """What to do with members who were ticked in the list.  `subject` finds them."""

    store: Store

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = badge_types(self.store).select_related("store").order_by("display_rank", "id")
        self.types = {str(row.id): row for row in found[:_MOST_TO_CHOOSE_FROM]}

    def tiles(self) -> list[dict[str, Any]]:
        chosen = self.data.get("badge")
        return [
            {
                "id": key,
                "name": badge_name(row),
                "tile": badge_tile(row, size="lg"),
                "active": row.active,
                "chosen": key == chosen,
            }
            for key, row in self.types.items()
        ]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        self.check_count(values)
        if self.data.get("badge") not in self.types:
            self.add_error(None, "Choose a badge.")
        return values

    def write(self, values: dict[str, Any]) -> None:
        badge_type = self.types[self.data["badge"]]
        self.make_draft(badge_type, values, stage_chosen(self.subject))


def chosen_members_page(
    admin: Pages, request: HttpRequest, chosen: QuerySet[Member]
) -> HttpResponse:
    """The list's action: it is sent to the list's own address, with the ticks, until it is done.

    So whom it is for is always what the list itself makes of the ticks and of the filter.
    """
    store, staff = chosen_store(request), staff_of(request)
    if store is None:
        raise Http404
    if not may_work_on_many(staff, store):
        raise PermissionDenied
    form_class = cast(
        "type[ChosenMembersForm]", type("ChosenMembersForm", (ChosenMembersForm,), {"store": store})
    )
    answers = "kind" in request.POST
    form = form_class(staff, chosen, *((request.POST,) if answers else ()))
    if answers and form.is_valid():
        return HttpResponseRedirect(job_url(form.draft))
    count = chosen.order_by().count()
    if not count:
        messages.warning(request, "Nobody is chosen.")
        return HttpResponseRedirect(request.get_full_path())
    return admin.show(
        request,
        "badges/admin/chosen_members.html",
        {
            "title": "A badge for one member" if count == 1 else f"A badge for {count:,} members",
            "form": form,
            "count": count,
            "store": store,
            "ticked": request.POST.getlist("_selected_action"),
            "across": request.POST.get("select_across", "0"),
            "back": request.get_full_path(),
        },
        status=422 if answers else 200,
    )
