"""Path converters.  What does not match is a 404, before anything is looked up."""

from django.urls import register_converter

from loyalty.identifiers import UUID_PATTERN


class StoreCodeConverter:
    regex = "[A-Za-z0-9_-]{1,64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class LowerUuidConverter(StoreCodeConverter):
    """Lower case only, as Open Loyalty's patterns have it."""

    regex = UUID_PATTERN


def register() -> None:
    register_converter(StoreCodeConverter, "store_code")
    register_converter(LowerUuidConverter, "lower_uuid")


register()
