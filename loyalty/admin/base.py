"""The sealed base of every page of the admin.

Three promises are kept here, so that no admin class has to remember them:

1. Staff see, find and open only what their roles reach; anything else answers like a row that
   does not exist.
2. Nothing is written but by a service, which is given the member of staff as its actor.
3. The service owns its transaction.  Django's admin wraps each POST in one of its own, in which
   a durable service refuses to run (and a retry after a deadlock would be useless), so these
   views do not: what they write is the service's business, and there is nothing else to undo.
"""

from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect

from loyalty.admin.forms import ServiceForm
from loyalty.admin.history import events_of, history_page
from loyalty.admin.pages import PageAction, Pages
from loyalty.admin.staff import STORE_PARAMETER, chosen_store, enter_store, staff_of
from loyalty.models import Access, Resource, Store

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as DjangoModelAdmin

    _DjangoModelAdmin = DjangoModelAdmin[Any]
    _ChangeList = ChangeList

    class _UnfoldModelAdmin:
        """Unfold has no types; what it inherits from has, and that is a parent, too."""
else:
    from django.contrib.admin import ModelAdmin as _DjangoModelAdmin
    from unfold.admin import ModelAdmin as _UnfoldModelAdmin
    from unfold.views import ChangeList as _ChangeList

csrf = method_decorator(csrf_protect)


class _ServiceOwnsTransaction(_DjangoModelAdmin):
    """Stands between unfold's classes and Django's, in place of Django's `atomic()`."""

    @csrf
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response: HttpResponse = self._changeform_view(  # type: ignore[attr-defined]
            request, object_id, form_url, extra_context
        )
        return response


class ServiceAdmin(Pages, _UnfoldModelAdmin, _ServiceOwnsTransaction):
    """Rows that are seen by role and changed by services."""

    form: type[ServiceForm] = ServiceForm
    facts: ClassVar[tuple[Any, ...]] = ()
    """What somebody sees who may not change the row: names for `fieldsets`, read only."""
    event_subject = ""
    """What the log of events calls such a row; empty for rows without a history."""
    can_add = can_change = can_delete = False
    """What the admin offers at all, to whoever may modify."""

    compressed_fields = True
    warn_unsaved_form = True
    list_filter_sheet = True
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    # --- Who may ------------------------------------------------------------------------------

    def may(self, request: HttpRequest, access: Access, row: Any = None) -> bool:
        """Whether the row is open to that extent; without a row, whether any is."""
        raise NotImplementedError

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, Access.VIEW)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, Access.VIEW, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.can_add and self.may(request, Access.MODIFY)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_change and self.may(request, Access.MODIFY, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_delete and self.may(request, Access.MODIFY, obj)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Looked up once a request; None for what is missing, foreign or nonsense."""
        if "\0" in object_id:
            return None
        known: dict[tuple[object, str], Any] = request.__dict__.setdefault("_admin_rows", {})
        key = (self.model, object_id)
        if key not in known:
            known[key] = super().get_object(request, object_id, from_field)
        return known[key]

    def open_row(self, request: HttpRequest, object_id: str, access: Access) -> Any:
        """The row for a page of its own: a 404 unless it may be seen, a 403 unless it is open."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.may(request, Access.VIEW, row):
            raise Http404
        if not self.may(request, access, row):
            raise PermissionDenied
        return row

    def _get_obj_does_not_exist_redirect(self, *_: Any) -> HttpResponse:
        raise Http404

    # --- Reading ------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj) and self.facts:
            return self.facts
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return flatten_fieldsets(self.get_fieldsets(request, obj))
        return super().get_readonly_fields(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No change to many rows at once: each one is a decision of its own."""
        return {}

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[PageAction]:
        """The buttons above a row: those of its actions that make sense and are allowed."""
        row = self.get_object(request, unquote(object_id))
        actions: list[PageAction] = self._get_base_actions_detail()  # type: ignore[attr-defined]
        return [
            action
            for action in actions
            if row is not None and self.offers(request, action.method.__name__, row)
        ]

    def get_actions_row(self, request: HttpRequest) -> list[PageAction]:
        actions: list[PageAction] = self._get_base_actions_row()  # type: ignore[attr-defined]
        return actions if self.may(request, Access.MODIFY) else []

    def offers(self, request: HttpRequest, action: str, row: Any) -> bool:
        """Whether the action's button is shown.  The action itself asks again."""
        return self.may(request, Access.MODIFY, row)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What happened to the row, from the same events that webhooks and audits read."""
        row = self.open_row(request, object_id, Access.VIEW)
        if not self.event_subject:
            raise Http404
        return history_page(self, request, row, self.events(row))

    def events(self, row: Any) -> QuerySet[Any]:
        return events_of(self.event_subject, row)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        context["show_history"] = bool(self.event_subject)
        context["list_title"], context["list_url"] = self.list_title, self.list_url()
        context["subtitle"] = None
        context["title"] = self.row_title(row) if row is not None else self.add_title(request)
        context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    def row_title(self, row: Any) -> str:
        return str(row)

    def add_title(self, request: HttpRequest) -> str:
        return f"New {self.opts.verbose_name}"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if any("\0" in value for value in request.GET.values()):
            raise Http404
        return super().changelist_view(request, {"title": self.list_title, **(extra_context or {})})

    # --- Writing ------------------------------------------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ServiceForm]:
        """The form for this request; whoever may not change the row gets one without fields."""
        looks = obj is not None and not self.has_change_permission(request, obj)
        form = ServiceForm if looks else self.form
        meta = type("Meta", (ServiceForm.Meta,), {"model": self.model, "fields": ()})
        attributes = {"Meta": meta, **self.form_attributes(request, obj)}
        bound: type[ServiceForm] = type(form.__name__, (form,), attributes)
        return bound

    def form_attributes(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the form has to know before it has any values."""
        return {"staff": staff_of(request)}

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The service has written the row already (see `ServiceForm`)."""
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        pass

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        pass

    def construct_change_message(self, *args: Any, **kwargs: Any) -> Any:
        return ""

    # Services record events, so Django's own log of the admin stays empty.

    def log_addition(self, *args: Any) -> Any: ...

    def log_change(self, *args: Any) -> Any: ...

    def log_deletions(self, *args: Any) -> Any: ...

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.can_delete:
            raise Http404
        return self.delete_page(request, self.open_row(request, object_id, Access.MODIFY))

    def delete_page(self, request: HttpRequest, row: Any) -> HttpResponse:
        """Say what deleting means, and do it when that is confirmed."""
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        raise NotImplementedError("Only services delete.")


class StoreChangeList(_ChangeList):
    """A list shows one store, so that its cost does not grow with the number of tenants."""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        found.pop(STORE_PARAMETER, None)
        return found

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        admin = cast("StoreScopedAdmin", self.model_admin)
        self.root_queryset = admin.rows_of(request, chosen_store(request))
        return super().get_queryset(request, exclude_parameters)


class StoreScopedAdmin(ServiceAdmin):
    """Rows that belong to a store."""

    resources: ClassVar[tuple[Resource, ...]]
    """What a role must reach in the row's store."""
    modified: ClassVar[tuple[Resource, ...] | None] = None
    """What it must be allowed to modify; the same, unless said otherwise."""

    def may(self, request: HttpRequest, access: Access, row: Any = None) -> bool:
        staff, store_id = staff_of(request), self._store_id(request, row)
        if store_id is None:
            return False
        if access == Access.VIEW or self.modified is None:
            return staff.may(access, store_id, *self.resources)
        return staff.may(Access.VIEW, store_id, *self.resources) and staff.may(
            access, store_id, *self.modified
        )

    def _store_id(self, request: HttpRequest, row: Any) -> UUID | None:
        if row is not None:
            found: UUID = row.store_id
            return found
        store = chosen_store(request)
        return store.id if store else None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Every row that may be seen, of all stores: what can be opened, found and chosen."""
        seen = staff_of(request).stores_with(Access.VIEW, *self.resources)
        return self.model.across_stores.filter(store__in=seen).select_related("store")  # type: ignore[no-any-return]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Whoever opens a row of another store has gone to that store."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and row.store_id is not None:
            enter_store(request, row.store)
        return row

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        """The rows of the list."""
        if store is None:
            return self.model.across_stores.none()  # type: ignore[no-any-return]
        return self.model.for_store(store)  # type: ignore[no-any-return]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StoreChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.may(request, Access.VIEW):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A new row's store is in the URL, so that a choice in another tab cannot move it."""
        store = chosen_store(request)
        if object_id is None and store and STORE_PARAMETER not in request.GET:
            query = {**request.GET.dict(), STORE_PARAMETER: store.code}
            if request.method == "GET":
                return HttpResponseRedirect(f"{request.path}?{urlencode(query)}")
            raise Http404
        return super().changeform_view(request, object_id, form_url, extra_context)

    def form_attributes(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        store = chosen_store(request) if row is None else row.store
        return {**super().form_attributes(request, row), "store": store}


class ReadOnlyAdmin(StoreScopedAdmin):
    """A list to look at: what its rows say follows from something else, or is history."""

    list_display_links: Any = None

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "GET" and request.method != "HEAD":
            raise PermissionDenied
        return super().changeform_view(request, *args, **kwargs)
