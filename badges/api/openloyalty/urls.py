"""Open Loyalty's badge routes, below /api/."""

from django.urls import path

from badges.api.openloyalty import identifiers as _badge_type  # noqa: F401 (registers a converter)
from badges.api.openloyalty.badge_health import BadgeHealthViewSet
from badges.api.openloyalty.badge_types import BadgeTypesViewSet
from badges.api.openloyalty.conditions import ConditionDraftsViewSet, ConditionsViewSet
from badges.api.openloyalty.confirmations import CompletionsViewSet, ConfirmationsViewSet
from badges.api.openloyalty.dry_runs import DryRunsViewSet
from badges.api.openloyalty.explanations import BadgeExplanationsViewSet
from badges.api.openloyalty.job_files import JobFilesViewSet
from badges.api.openloyalty.jobs import JobsViewSet
from badges.api.openloyalty.member_badges import MemberBadgesViewSet
from badges.api.openloyalty.near_members import NearMembersViewSet
from badges.api.openloyalty.progress import BadgeProgressViewSet
from badges.api.openloyalty.rules import RuleGroupsViewSet, RulesViewSet
from members.api.urls import MEMBER

types, held = BadgeTypesViewSet.as_view, MemberBadgesViewSet.as_view
jobs = JobsViewSet.as_view
drafts, conditions = ConditionDraftsViewSet.as_view, ConditionsViewSet.as_view
dry_runs = DryRunsViewSet.as_view
near, progress = NearMembersViewSet.as_view, BadgeProgressViewSet.as_view
rules, groups = RulesViewSet.as_view, RuleGroupsViewSet.as_view
completions, confirmations = CompletionsViewSet.as_view, ConfirmationsViewSet.as_view

TYPES = "<store_code:store_code>/badge-type"
JOBS = "<store_code:store_code>/job"
JOB = f"{JOBS}/<lower_uuid:job_id>"
TYPE = f"{TYPES}/<badge_type:badge_type>"
CONDITION = f"{TYPE}/condition"
RULES = "<store_code:store_code>/rule"
RULE = f"{RULES}/<lower_uuid:rule_id>"
GROUPS = "<store_code:store_code>/ruleGroup"
GROUP = f"{GROUPS}/<lower_uuid:rule_group_id>"
CONFIRMATIONS = "<store_code:store_code>/confirmation"

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
    path(
        f"{CONDITION}/draft",
        drafts({"get": "retrieve", "put": "update", "delete": "destroy"}),
    ),
    path(CONDITION, conditions({"get": "retrieve"})),
    path(f"{CONDITION}/version", conditions({"get": "versions"})),
    path(f"{CONDITION}/publish", conditions({"post": "publish"})),
    path(f"{CONDITION}/retire", conditions({"post": "retire"})),
    path(f"{CONDITION}/dry-run", dry_runs({"post": "create"})),
    path(f"{CONDITION}/dry-run/<lower_uuid:dry_run_id>", dry_runs({"get": "retrieve"})),
    path(f"{CONDITION}/backfill", dry_runs({"post": "backfill"})),
    path(f"{TYPE}/near", near({"get": "list"})),
    path(f"{TYPE}/near.csv", near({"get": "csv"})),
    path(
        f"{MEMBER}/badge/<badge_type:badge_type>/explain",
        BadgeExplanationsViewSet.as_view({"get": "retrieve"}),
    ),
    path(f"{MEMBER}/badge-progress", progress({"get": "list"})),
    path(f"{MEMBER}/badge-progress/<badge_type:badge_type>", progress({"get": "retrieve"})),
    path(RULES, rules({"get": "list", "post": "create"})),
    path(RULE, rules({"get": "retrieve", "put": "update", "delete": "destroy"})),
    path(f"{RULE}/complete", completions({"post": "complete"})),
    path(f"{RULE}/withdraw", completions({"post": "withdraw"})),
    path(GROUPS, groups({"get": "list", "post": "create"})),
    path(GROUP, groups({"get": "retrieve", "put": "update", "delete": "destroy"})),
    path(CONFIRMATIONS, confirmations({"post": "create"})),
    path(f"{CONFIRMATIONS}/withdraw", confirmations({"post": "withdraw"})),
    path("<store_code:store_code>/badge-health", BadgeHealthViewSet.as_view({"get": "retrieve"})),
]
