"""A member on the wire (Open Loyalty notes, section 3)."""

from typing import Any

from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    DictField,
    Serializer,
    UUIDField,
)

from loyalty.api.serializers import (
    Choice,
    Day,
    Email,
    Flag,
    Items,
    Moment,
    Pattern,
    StrictSerializer,
    Text,
    wrapped,
)
from members.models import CARD_NUMBER, COUNTRY, PHONE, Gender


class AddressWrite(StrictSerializer):
    street = Text(required=False, allow_blank=True)
    address1 = Text(required=False, allow_blank=True)
    address2 = Text(required=False, allow_blank=True)
    postal = Text(required=False, allow_blank=True)
    city = Text(required=False, allow_blank=True)
    province = Text(required=False, allow_blank=True)
    country = Pattern(rf"^{COUNTRY}\Z", required=False)


class CompanyWrite(StrictSerializer):
    name = Text(required=False, allow_blank=True)
    nip = Text(required=False, allow_blank=True)


class LabelWrite(StrictSerializer):
    key = Text()
    value = Text(allow_blank=True)


class MemberWrite(StrictSerializer):
    """Which of the three identifiers is required, the store's settings say."""

    firstName = Text(required=False, allow_blank=True)
    lastName = Text(required=False, allow_blank=True)
    gender = Choice(choices=Gender.choices, required=False)
    email = Email(required=False, allow_null=True)
    phone = Pattern(rf"^{PHONE}\Z", required=False, allow_null=True, max_length=32)
    loyaltyCardNumber = Pattern(rf"^{CARD_NUMBER}\Z", required=False, allow_null=True)
    birthDate = Day(required=False, allow_null=True)
    registeredAt = Moment(required=False)
    address = AddressWrite(required=False)
    company = CompanyWrite(required=False)
    labels = Items(child=LabelWrite(), required=False)
    agreement1 = Flag(required=False)
    agreement2 = Flag(required=False)
    agreement3 = Flag(required=False)
    locale = Text(required=False, allow_blank=True, max_length=16)
    timezone = Text(required=False, allow_blank=True, max_length=64)


MemberBody = wrapped("customer", MemberWrite)


class CustomAttributesWrite(StrictSerializer):
    customAttributes = Items(child=LabelWrite())


class LabelKeyWrite(StrictSerializer):
    key = Text()
    value = Text(required=False, allow_blank=True)


class CustomAttributesDelete(StrictSerializer):
    customAttributes = Items(child=LabelKeyWrite())


class NewPasswordWrite(StrictSerializer):
    plainPassword = Text(max_length=1024)


class OwnPasswordWrite(NewPasswordWrite):
    currentPassword = Text(max_length=1024)


class MemberCreatedRead(Serializer[Any]):
    customerId = UUIDField()
    email = CharField(allow_null=True)


class MemberIdRead(Serializer[Any]):
    customerId = UUIDField()


class LabelRead(Serializer[Any]):
    key = CharField()
    value = CharField()


class MemberRead(Serializer[Any]):
    customerId = UUIDField()
    registeredAt = DateTimeField()
    active = BooleanField()
    firstName = CharField()
    lastName = CharField()
    gender = CharField()
    email = CharField(allow_null=True)
    phone = CharField(allow_null=True)
    loyaltyCardNumber = CharField(allow_null=True)
    birthDate = DateField(allow_null=True)
    address = DictField(child=CharField())
    company = DictField(child=CharField())
    labels = LabelRead(many=True)
    agreement1 = BooleanField()
    agreement2 = BooleanField()
    agreement3 = BooleanField()
    anonymized = BooleanField()
    locale = CharField()
    timezone = CharField()
    currency = CharField()
    storeCode = CharField()
    createdAt = DateTimeField()
    updatedAt = DateTimeField()


class HistoryRead(Serializer[Any]):
    """`flatVariables` depends on the type."""

    customerId = UUIDField()
    type = CharField()
    createdAt = DateTimeField()
    flatVariables = DictField()


_COLUMNS = {
    "customerId": "id",
    "registeredAt": "registered_at",
    "active": "active",
    "firstName": "first_name",
    "lastName": "last_name",
    "gender": "gender",
    "email": "email",
    "phone": "phone",
    "loyaltyCardNumber": "loyalty_card_number",
    "birthDate": "birth_date",
    "address": "address",
    "company": "company",
    "labels": "labels",
    "agreement1": "agreement1",
    "agreement2": "agreement2",
    "agreement3": "agreement3",
    "anonymized": "anonymized",
    "locale": "locale",
    "timezone": "timezone",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
READ_COLUMNS = tuple(_COLUMNS.values())


def member_read(row: Any, store: Any) -> dict[str, Any]:
    """`row` holds `READ_COLUMNS`, or is a `Member`."""
    value = row.__getitem__ if isinstance(row, dict) else lambda column: getattr(row, column)
    return {
        **{name: value(column) for name, column in _COLUMNS.items()},
        "currency": store.currency,
        "storeCode": store.code,
    }


def member_fields(given: dict[str, Any]) -> dict[str, Any]:
    """The model's fields for what a body holds."""
    return {_COLUMNS[name]: value for name, value in given.items()}
