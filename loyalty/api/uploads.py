"""Forms with a file in them.

Nothing is read before the caller has been checked and the length is known to be small enough.  A
file above 2.5 MB is on disk while it is worked on, never in memory (Django's upload handlers).
"""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.parsers import MultiPartParser

from loyalty.api.parsing import BodyTooLarge, UnsupportedBody, check_text
from loyalty.api.serializers import Count, StrictSerializer
from loyalty.api.views import StoreViewSet
from loyalty.errors import Code
from loyalty.selectors.callers import Caller
from loyalty.services.jobs.lines import MAX_FILE

# What the other fields of the form may add.
_FORM_AROUND = 64 * 1024


class UploadViewSet(StoreViewSet):
    """Endpoints that take a form with a file, and no other kind of body."""

    parser_classes = [MultiPartParser]

    def _check(self, caller: Caller) -> None:
        super()._check(caller)
        media_type = (self.request.content_type or "").partition(";")[0].strip().lower()
        if media_type != MultiPartParser.media_type:
            raise UnsupportedBody("Send the body as multipart/form-data.")
        # A small compressed body can unpack to gigabytes, so none is unpacked.
        if self.request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            raise UnsupportedBody("A compressed request body is not accepted.")
        declared = self.request.META.get("CONTENT_LENGTH") or ""
        if not declared.isdigit():
            raise BodyTooLarge("Say how large the body is: it needs a Content-Length.")
        if int(declared) > MAX_FILE + _FORM_AROUND:
            raise _too_large()


class FormSerializer(StrictSerializer):
    """A form: each field once, and texts that can be stored."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(_once_each(data))


@extend_schema_field(OpenApiTypes.BINARY)
class Upload(serializers.FileField):
    default_error_messages = {
        "required": "This field is missing.",
        "null": "This value should not be null.",
        "invalid": "This value should be a file.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_empty_file=True, **kwargs)

    def to_internal_value(self, data: Any) -> "UploadedFile[bytes]":
        if not isinstance(data, UploadedFile):
            self.fail("invalid")
        if (data.size or 0) > MAX_FILE:
            raise _too_large()
        return data


class WrittenCount(Count):
    """A whole number, as forms have it: written."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not (data.isascii() and data.isdigit()) or len(data) > 10:
            self.fail("invalid")
        return super().to_internal_value(int(data))


def _once_each(data: Any) -> Any:
    if not isinstance(data, MultiValueDict):
        return data
    repeated = [name for name, values in data.lists() if len(values) > 1]
    if repeated:
        message = "This field is given more than once."
        raise ValidationError({name: [ErrorDetail(message, Code.TYPE)] for name in repeated})
    once: Mapping[str, Any] = dict(data.items())
    for name, value in once.items():
        check_text(name)
        if isinstance(value, str):
            check_text(value)
    return once


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The file is larger than {MAX_FILE // 1024**2} MB. Split it.")
