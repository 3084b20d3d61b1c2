"""Pages that do one thing to one row, and the buttons that lead to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.enums import ActionVariant

from loyalty.admin.forms import PageForm
from loyalty.admin.staff import staff_of

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Admin = ModelAdmin[Any]
else:
    _Admin = object

View = TypeVar("View", bound=Callable[..., HttpResponse])


class PageAction(Protocol):
    """What unfold makes of an action method."""

    method: Any


def action(
    description: str, *, path: str, icon: str, variant: str = "default"
) -> Callable[[View], View]:
    """Mark a method `(self, request, object_id)` as an action with a button and a URL."""

    def mark(method: View) -> View:
        # The names are those that unfold reads; its own decorator has no types.
        marks: dict[str, object] = {
            "short_description": description,
            "url_path": path,
            "icon": icon,
            "variant": ActionVariant(variant),
            "attrs": {},
            "dialog": None,
        }
        vars(method).update(marks)
        return method

    return mark


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says.  `effect` states, before the button is pressed, what pressing it does."""

    title: str
    button: str
    effect: str = ""
    danger: bool = False
    template: str = "loyalty/admin/page.html"
    context: Mapping[str, Any] = field(default_factory=dict)


class Pages(_Admin):
    """Part of every admin class: the pages beside Django's own."""

    list_title = ""
    """What the sidebar and the headings call the list."""

    def ask(
        self,
        request: HttpRequest,
        row: Any,
        form_class: type[PageForm],
        page: Page,
        *,
        done: str | Callable[[PageForm], str],
        to: str | Callable[[PageForm], str] | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form; when it has done its work, say so and go back to the row (or `to`)."""
        data = (request.POST, request.FILES) if request.method == "POST" else ()
        form = form_class(staff_of(request), row, *data, initial=initial)
        if request.method == "POST" and form.is_valid():
            if said := done if isinstance(done, str) else done(form):
                messages.success(request, said)
            url = to(form) if callable(to) else to
            return HttpResponseRedirect(url or self.url_of(row))
        return self.show(
            request,
            page.template,
            {
                "title": page.title,
                "page": page,
                "form": form,
                "row": row,
                "back": to if row is None else self.url_of(row),
                **page.context,
            },
            status=200 if request.method != "POST" else 422,
        )

    def show(
        self, request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
    ) -> TemplateResponse:
        """A page in the admin's frame."""
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "media": self.media,
                "list_title": self.list_title,
                "list_url": self.list_url(),
                **context,
            },
            status=status,
        )

    def url_of(self, row: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
