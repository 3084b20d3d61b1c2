"""How URLs name a badge type (Open Loyalty, Badge API reference)."""

from django.urls import register_converter

from loyalty.identifiers import UUID_PATTERN, IdentifierConverter


class BadgeTypeConverter(IdentifierConverter):
    regex = rf"{UUID_PATTERN}|systemCode=[a-zA-Z0-9_-]{{1,255}}"


register_converter(BadgeTypeConverter, "badge_type")
