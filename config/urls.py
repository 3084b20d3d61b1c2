"""Where everything is mounted."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from badges.api.icons import icon
from config.docs import api_page, openapi_document

urlpatterns = [
    path("", RedirectView.as_view(url="/docs")),
    path("docs", api_page, name="docs"),
    path("docs/openapi.json", openapi_document, name="openapi"),
    path("admin/", admin.site.urls),
    path("icon/<uuid:icon_id>.svg", icon),
    path("api/", include("loyalty.api.urls")),
    path("api/", include("members.api.urls")),
    path("api/", include("badges.api.openloyalty.urls")),
]

handler500 = "config.error_pages.server_error"
