"""Rules and rule groups (Rosette's own, after Snag's)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    DateTimeField,
    IntegerField,
    JSONField,
    ListField,
    Serializer,
    UUIDField,
)

from badges.models import RuleKind
from badges.selectors.rules import get_rule, get_rule_group, rule_groups, rules
from badges.services.rule_groups import (
    MAX_RULES,
    create_rule_group,
    delete_rule_group,
    update_rule_group,
)
from badges.services.rules import create_rule, delete_rule, update_rule
from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.search import choice, identifier, moment, search, text
from loyalty.api.serializers import Choice, Count, Items, Pattern, StrictSerializer, Text, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.identifiers import UUID_PATTERN
from loyalty.models import Access, Resource

VIEW, MODIFY = Need(Resource.BADGE), Need(Resource.BADGE, Access.MODIFY)
TAG = "Rule (Rosette)"


class JsonItems(JSONField):
    """A list whose items a service reads."""

    default_error_messages = {
        "required": "This field is missing.",
        "null": "This value should not be null.",
        "not_a_list": "This value should be of type array.",
    }

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        return data


class RuleWrite(StrictSerializer):
    """`filters` are those of a condition's leaf: a list of {attribute, operator, value}."""

    name = Text()
    description = Text(required=False, allow_blank=True, max_length=1000)
    kind = Choice(choices=RuleKind.choices)
    eventType = Text(required=False, allow_blank=True)
    filters = JsonItems(required=False)


class RuleChange(StrictSerializer):
    """Only words: what a rule hears is fixed at creation."""

    name = Text(required=False)
    description = Text(required=False, allow_blank=True, max_length=1000)


class RuleGroupWrite(StrictSerializer):
    """Without a `requiredCount`, all of the rules are needed."""

    name = Text()
    ruleIds = Items(child=Pattern(rf"^{UUID_PATTERN}\Z"), max_length=MAX_RULES)
    requiredCount = Count(required=False, allow_null=True)


RuleBody = wrapped("rule", RuleWrite)
RuleChangeBody = wrapped("rule", RuleChange)
RuleGroupBody = wrapped("ruleGroup", RuleGroupWrite)


class RuleIdRead(Serializer[Any]):
    ruleId = UUIDField()


class RuleGroupIdRead(Serializer[Any]):
    ruleGroupId = UUIDField()


class RuleRead(Serializer[Any]):
    ruleId = UUIDField()
    name = CharField()
    description = CharField()
    kind = CharField()
    eventType = CharField()
    filters = ListField(child=JSONField())
    createdAt = DateTimeField()
    updatedAt = DateTimeField()


class RuleGroupRead(Serializer[Any]):
    ruleGroupId = UUIDField()
    name = CharField()
    ruleIds = ListField(child=UUIDField())
    requiredCount = IntegerField(allow_null=True)
    createdAt = DateTimeField()
    updatedAt = DateTimeField()


RuleSearch = search(
    "RuleSearch",
    {
        "ruleId": identifier("id"),
        "name": text("name"),
        "kind": choice("kind"),
        "eventType": text("event_type"),
        "createdAt": moment("created_at"),
    },
)
RuleGroupSearch = search(
    "RuleGroupSearch",
    {
        "ruleGroupId": identifier("id"),
        "name": text("name"),
        "createdAt": moment("created_at"),
    },
)

_RULE_COLUMNS = (
    "id", "name", "description", "kind", "event_type", "filters", "created_at", "updated_at",
)  # fmt: skip
_GROUP_COLUMNS = ("id", "name", "rule_ids", "required_count", "created_at", "updated_at")


def rule_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ruleId": row["id"],
        "name": row["name"],
        "description": row["description"],
        "kind": row["kind"],
        "eventType": row["event_type"],
        "filters": row["filters"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


def rule_group_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ruleGroupId": row["id"],
        "name": row["name"],
        "ruleIds": row["rule_ids"],
        "requiredCount": row["required_count"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


class RulesViewSet(StoreViewSet):
    @operation(
        "ruleGetList", "List rules", VIEW, answer=RuleRead, many=True, search=RuleSearch, tag=TAG
    )
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, RuleSearch, self.store)
        return Response(
            answer_page(
                query,
                rules(self.store),
                columns=_RULE_COLUMNS,
                render=rule_read,
                default_order=["name"],
            )
        )

    @operation("rulePost", "Create a rule", MODIFY, body=RuleBody, answer=RuleIdRead, tag=TAG)
    def create(self, request: Request) -> Response:
        given = self.body()
        rule = create_rule(
            self.store,
            name=given["name"],
            description=given.get("description", ""),
            kind=RuleKind(given["kind"]),
            event_type=given.get("eventType", ""),
            filters=given.get("filters", []),
            actor=self.actor,
        )
        return Response({"ruleId": rule.id})

    @operation("ruleGet", "Read a rule", VIEW, answer=RuleRead, tag=TAG)
    def retrieve(self, request: Request, rule_id: str) -> Response:
        return Response(rule_read(vars(get_rule(self.store, rule_id))))

    @operation("rulePut", "Change a rule's words", MODIFY, body=RuleChangeBody, status=204, tag=TAG)
    def update(self, request: Request, rule_id: str) -> Response:
        found = get_rule(self.store, rule_id)
        update_rule(self.store, rule=found, **self.body(), actor=self.actor)
        return Response(status=204)

    @operation(
        "ruleDelete", "Delete a rule that no badge and no group needs", MODIFY,
        status=204, tag=TAG,
    )  # fmt: skip
    def destroy(self, request: Request, rule_id: str) -> Response:
        found = get_rule(self.store, rule_id)
        delete_rule(self.store, rule=found, actor=self.actor, now=timezone.now())
        return Response(status=204)


class RuleGroupsViewSet(StoreViewSet):
    @operation(
        "ruleGroupGetList", "List rule groups", VIEW,
        answer=RuleGroupRead, many=True, search=RuleGroupSearch, tag=TAG,
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, RuleGroupSearch, self.store)
        return Response(
            answer_page(
                query,
                rule_groups(self.store),
                columns=_GROUP_COLUMNS,
                render=rule_group_read,
                default_order=["name"],
            )
        )

    @operation(
        "ruleGroupPost", "Create a rule group", MODIFY,
        body=RuleGroupBody, answer=RuleGroupIdRead, tag=TAG,
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        group = create_rule_group(self.store, **_group_given(self.body()), actor=self.actor)
        return Response({"ruleGroupId": group.id})

    @operation("ruleGroupGet", "Read a rule group", VIEW, answer=RuleGroupRead, tag=TAG)
    def retrieve(self, request: Request, rule_group_id: str) -> Response:
        return Response(rule_group_read(vars(get_rule_group(self.store, rule_group_id))))

    @operation(
        "ruleGroupPut", "Set a rule group anew; published conditions keep it as it was", MODIFY,
        body=RuleGroupBody, status=204, tag=TAG,
    )  # fmt: skip
    def update(self, request: Request, rule_group_id: str) -> Response:
        found = get_rule_group(self.store, rule_group_id)
        given = _group_given(self.body())
        update_rule_group(self.store, group=found, **given, actor=self.actor)
        return Response(status=204)

    @operation(
        "ruleGroupDelete", "Delete a rule group that no badge needs", MODIFY, status=204, tag=TAG
    )
    def destroy(self, request: Request, rule_group_id: str) -> Response:
        found = get_rule_group(self.store, rule_group_id)
        delete_rule_group(self.store, group=found, actor=self.actor, now=timezone.now())
        return Response(status=204)


def _group_given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": body["name"],
        "rule_ids": [UUID(rule_id) for rule_id in body["ruleIds"]],
        "required_count": body.get("requiredCount"),
    }
