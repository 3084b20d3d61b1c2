"""The Django admin as Rosette shows it."""

from django.contrib.admin.apps import AdminConfig


class RosetteAdminConfig(AdminConfig):
    default_site = "config.staff_site.StaffSite"
