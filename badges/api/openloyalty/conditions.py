"""What awards a badge: draft, publish, retire (Rosette's own)."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    DictField,
    IntegerField,
    JSONField,
    Serializer,
    UUIDField,
)

from badges.models import ConditionVersion, PublishPolicy, RefundPolicy
from badges.selectors.badge_types import get_badge_type
from badges.selectors.condition_names import sentences_of
from badges.selectors.conditions import get_current, get_draft, versions_of
from badges.services.conditions import (
    discard_draft,
    publish_condition,
    retire_condition,
    save_draft,
)
from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.search import choice, moment, number, search
from loyalty.api.serializers import Choice, Count, Flag, Moment, StrictSerializer, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.identifiers import Identifier
from loyalty.models import Access, Resource

VIEW, MODIFY = Need(Resource.BADGE), Need(Resource.BADGE, Access.MODIFY)
TAG = "Condition (Rosette)"


class Tree(JSONField):
    """The JSON of a condition tree; the service reads it, and names the nodes that are wrong."""

    default_error_messages = {
        "required": "This field is missing.",
        "null": "This value should not be null.",
    }


class ConditionWrite(StrictSerializer):
    """`repeatLimit`: how often the badge can be earned, 1 if missing; null: without end."""

    tree = Tree()
    repeatLimit = Count(required=False, allow_null=True)
    refundPolicy = Choice(choices=RefundPolicy.choices, required=False)
    graceDays = Count(required=False)
    hidden = Flag(required=False)


class PublishWrite(StrictSerializer):
    """A first version needs nothing; a later one needs a `policy`."""

    policy = Choice(choices=PublishPolicy.choices, required=False)
    countingFrom = Moment(required=False)
    announce = Flag(required=False)


ConditionBody = wrapped("condition", ConditionWrite)
PublishBody = wrapped("publish", PublishWrite)


class DraftRead(Serializer[Any]):
    """`words` say each node in plain English, by its id; they begin with the whole tree."""

    versionId = UUIDField()
    number = IntegerField()
    tree = DictField()
    words = DictField(child=CharField())
    repeatLimit = IntegerField(allow_null=True)
    refundPolicy = CharField()
    graceDays = IntegerField()
    hidden = BooleanField()
    createdAt = DateTimeField()
    updatedAt = DateTimeField()


class DraftIdRead(Serializer[Any]):
    versionId = UUIDField()


class ConditionRead(DraftRead):
    """`series`: versions of one series number completions together."""

    state = CharField()
    policy = CharField()
    series = UUIDField()
    countingFrom = DateTimeField()
    publishedAt = DateTimeField()
    endedAt = DateTimeField(allow_null=True)
    publishedBy = CharField()


class PublishedRead(Serializer[Any]):
    """The job looks at everybody whom the version may concern."""

    versionId = UUIDField()
    jobId = UUIDField()


ConditionVersionSearch = search(
    "ConditionVersionSearch",
    {
        "number": number("number"),
        "state": choice("state"),
        "policy": choice("policy"),
        "publishedAt": moment("published_at"),
    },
)

_COLUMNS = tuple(
    field.attname for field in ConditionVersion._meta.concrete_fields if field.name != "store"
)


def draft_read(version: ConditionVersion, words: Mapping[str, str]) -> dict[str, Any]:
    return {
        "versionId": version.id,
        "number": version.number,
        "tree": version.tree,
        "words": words,
        "repeatLimit": version.repeat_limit,
        "refundPolicy": version.refund_policy,
        "graceDays": version.grace_days,
        "hidden": version.hidden,
        "createdAt": version.created_at,
        "updatedAt": version.updated_at,
    }


def condition_read(version: ConditionVersion, words: Mapping[str, str]) -> dict[str, Any]:
    return {
        **draft_read(version, words),
        "state": version.state,
        "policy": version.policy,
        "series": version.series,
        "countingFrom": version.counting_from,
        "publishedAt": version.published_at,
        "endedAt": version.ended_at,
        "publishedBy": version.actor_label,
    }


class ConditionDraftsViewSet(StoreViewSet):
    @operation(
        "conditionGetDraft", "Read the draft of a badge's condition", VIEW,
        answer=DraftRead, tag=TAG,
    )  # fmt: skip
    def retrieve(self, request: Request, badge_type: Identifier) -> Response:
        found = get_draft(self.store, get_badge_type(self.store, badge_type))
        (words,) = sentences_of(self.store, [found])
        return Response(draft_read(found, words))

    @operation(
        "conditionPutDraft", "Set the draft of a badge's condition", MODIFY,
        body=ConditionBody, answer=DraftIdRead, tag=TAG,
    )  # fmt: skip
    def update(self, request: Request, badge_type: Identifier) -> Response:
        given = self.body()
        draft = save_draft(
            self.store,
            badge_type=get_badge_type(self.store, badge_type),
            tree=given["tree"],
            repeat_limit=given.get("repeatLimit", 1),
            refund_policy=RefundPolicy(given.get("refundPolicy", RefundPolicy.GRACE)),
            grace_days=given.get("graceDays", 30),
            hidden=given.get("hidden", False),
            actor=self.actor,
        )
        return Response({"versionId": draft.id})

    @operation(
        "conditionDeleteDraft", "Discard the draft of a badge's condition", MODIFY,
        status=204, tag=TAG,
    )  # fmt: skip
    def destroy(self, request: Request, badge_type: Identifier) -> Response:
        found = get_badge_type(self.store, badge_type)
        discard_draft(self.store, badge_type=found, actor=self.actor)
        return Response(status=204)


class ConditionsViewSet(StoreViewSet):
    @operation(
        "conditionGet", "Read the condition that awards a badge", VIEW,
        answer=ConditionRead, tag=TAG,
    )  # fmt: skip
    def retrieve(self, request: Request, badge_type: Identifier) -> Response:
        found = get_current(self.store, get_badge_type(self.store, badge_type))
        (words,) = sentences_of(self.store, [found])
        return Response(condition_read(found, words))

    @operation(
        "conditionGetVersions", "List everything that was ever published for a badge", VIEW,
        answer=ConditionRead, many=True, search=ConditionVersionSearch, tag=TAG,
    )  # fmt: skip
    def versions(self, request: Request, badge_type: Identifier) -> Response:
        query = read_list_query(request.query_params, ConditionVersionSearch, self.store)
        found = versions_of(self.store, get_badge_type(self.store, badge_type))
        page = answer_page(query, found, columns=_COLUMNS, render=dict, default_order=["-number"])
        versions = [ConditionVersion(**row) for row in page["items"]]
        said = sentences_of(self.store, versions)
        page["items"] = [
            condition_read(version, words) for version, words in zip(versions, said, strict=True)
        ]
        return Response(page)

    @operation(
        "conditionPostPublish", "Publish the draft of a badge's condition", MODIFY,
        body=PublishBody, answer=PublishedRead, tag=TAG,
    )  # fmt: skip
    def publish(self, request: Request, badge_type: Identifier) -> Response:
        given = self.body()
        policy = given.get("policy")
        published = publish_condition(
            self.store,
            badge_type=get_badge_type(self.store, badge_type),
            policy=PublishPolicy(policy) if policy else None,
            counting_from=given.get("countingFrom"),
            announce=given.get("announce", True),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"versionId": published.version.id, "jobId": published.job.id})

    @operation(
        "conditionPostRetire", "Let nobody earn the badge any more; nobody loses it", MODIFY,
        status=204, tag=TAG,
    )  # fmt: skip
    def retire(self, request: Request, badge_type: Identifier) -> Response:
        retire_condition(
            self.store,
            badge_type=get_badge_type(self.store, badge_type),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)
