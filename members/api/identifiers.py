"""How URLs name a member (Open Loyalty notes, section 3)."""

from django.urls import register_converter

from loyalty.api.paths import StoreCodeConverter
from loyalty.identifiers import UUID_PATTERN, IdentifierConverter
from members.models import EVENT_TYPE


class MemberConverter(IdentifierConverter):
    regex = "|".join(
        [
            UUID_PATTERN,
            r"email=[a-zA-Z0-9!#$%&'.*+\-@=?^_`{|}~;]{1,255}",
            r"phone=[0-9+]{1,32}",
            r"loyaltyCardNumber=[0-9a-zA-Z._-]{1,255}",
        ]
    )


class EventTypeConverter(StoreCodeConverter):
    regex = EVENT_TYPE


register_converter(MemberConverter, "member")
register_converter(EventTypeConverter, "event_type")
