"""Where everything is mounted."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from badges.api.icons import icon

urlpatterns = [
    path("", RedirectView.as_view(url="/docs")),
    path("admin/", admin.site.urls),
    path("icon/<uuid:icon_id>.svg", icon),
    path("api/", include("loyalty.api.urls")),
    path("api/", include("members.api.urls")),
    path("api/", include("badges.api.openloyalty.urls")),
]
