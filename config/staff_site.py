"""The site behind /admin/: who gets in, and the pages that belong to no row."""

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone, translation

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite as UnfoldAdminSite

    from loyalty.models import Administrator
else:
    from unfold.sites import UnfoldAdminSite

_LANGUAGE = "en"


class StaffSite(UnfoldAdminSite):
    index_title = "Dashboard"
    enable_nav_sidebar = True

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Every page is on the clock of the store that it shows, and in one language.

        Our own words are English so far; Django's would follow the browser's language.
        """

        def in_the_stores_frame(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            from loyalty.admin.staff import chosen_store

            store = chosen_store(request)
            zone = ZoneInfo(store.timezone) if store else None
            with timezone.override(zone), translation.override(_LANGUAGE):
                response: HttpResponse = view(request, *args, **kwargs)
                # Pages are rendered after their view, when all that is over.
                return response.render() if isinstance(response, TemplateResponse) else response

        return super().admin_view(update_wrapper(in_the_stores_frame, view), cacheable)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only sealed pages are shown.  What Django's own apps register is left out."""
        from loyalty.admin.base import ServiceAdmin

        if admin_class is not None and issubclass(admin_class, ServiceAdmin):
            super().register(model_or_iterable, admin_class, **options)
        elif not (admin_class and admin_class.__module__.startswith("django.")):
            raise ImproperlyConfigured(f"{admin_class} must be a ServiceAdmin: it seals tenancy.")

    def app_index(  # type: ignore[override]
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The sidebar groups pages by what they are for, not by app."""
        return HttpResponseRedirect(reverse("admin:index"))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """No field of ours completes names, so nobody can browse rows through it."""
        raise Http404

    search = autocomplete_view

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Not at the top: the site is made while Django is still loading its apps.
        from loyalty.admin.login import LoginForm

        self.login_form = LoginForm
        with translation.override(_LANGUAGE):
            response: HttpResponse = super().login(request, extra_context)
            return response.render() if isinstance(response, TemplateResponse) else response

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Change one's own password: this session stays, every other one ends."""
        me = cast("Administrator", request.user)
        from loyalty.admin.login import OwnPasswordForm
        from loyalty.admin.staff import staff_of

        data = (request.POST,) if request.method == "POST" else ()
        form = OwnPasswordForm(staff_of(request), me, *data)
        if request.method == "POST" and form.is_valid():
            me.refresh_from_db()
            update_session_auth_hash(request, me)
            messages.success(request, "Your password was changed. Every other session has ended.")
            return HttpResponseRedirect(reverse("admin:index"))
        request.current_app = self.name
        context = {
            **self.each_context(request),
            "title": "Change your password",
            "form": form,
            "page": {
                "button": "Change the password",
                "effect": "Everywhere else you are logged out, and API tokens that were given to"
                " you at a login stop working. API keys go on working.",
            },
            "back": reverse("admin:index"),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "loyalty/admin/page.html", context)
