"""Open Loyalty's badge routes, below /api/."""

from django.urls import path

from badges.api.openloyalty import identifiers as _badge_type  # noqa: F401 (registers a converter)
from badges.api.openloyalty.badge_types import BadgeTypesViewSet
from badges.api.openloyalty.job_files import JobFilesViewSet
from badges.api.openloyalty.jobs import JobsViewSet
from badges.api.openloyalty.member_badges import MemberBadgesViewSet
from members.api.urls import MEMBER

types, held = BadgeTypesViewSet.as_view, MemberBadgesViewSet.as_view
jobs = JobsViewSet.as_view

TYPES = "<store_code:store_code>/badge-type"
JOBS = "<store_code:store_code>/job"
JOB = f"{JOBS}/<lower_uuid:job_id>"
TYPE = f"{TYPES}/<badge_type:badge_type>"

urlpatterns = [
    path(TYPES, types({"get": "list", "post": "create"})),
    path(f"{TYPES}/count", types({"get": "counts"})),
    path(TYPE, types({"get": "retrieve", "put": "update", "delete": "destroy"})),
    path(f"{TYPE}/active", types({"post": "activity"})),
    path(f"{TYPE}/attributes", types({"get": "attributes", "patch": "change_attributes"})),
    path(f"{TYPE}/member", types({"get": "members"})),
    path(f"{MEMBER}/badge", held({"get": "list", "post": "grant"})),
    path(f"{MEMBER}/badge/<badge_type:badge_type>", held({"put": "set_count"})),
    path(JOBS, jobs({"get": "list", "post": "create"})),
    path(f"{JOBS}/csv", JobFilesViewSet.as_view({"post": "create"})),
    path(JOB, jobs({"get": "retrieve"})),
    path(f"{JOB}/pause", jobs({"post": "pause"})),
    path(f"{JOB}/resume", jobs({"post": "resume"})),
    path(f"{JOB}/cancel", jobs({"post": "cancel"})),
    path(f"{JOB}/undo", jobs({"post": "undo"})),
    path(f"{JOB}/report", jobs({"get": "report"})),
    path(f"{MEMBER}/badge-as-of", held({"get": "as_of"})),
    path(f"{MEMBER}/badge-entry", held({"get": "entries"})),
]
