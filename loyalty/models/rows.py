"""Instances from statements that are written by hand.

The hottest paths write their SQL themselves, because the ORM takes several times as long to write
it as PostgreSQL to answer it.  What comes back are the same instances.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import orjson
from django.db.models import JSONField, Model

M = TypeVar("M", bound=Model)


class RowShape(Generic[M]):
    """The columns of a model, and an instance from their values."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        fields = model._meta.concrete_fields
        self._names = [field.attname for field in fields]
        # Django's cursors leave JSON as text to its fields, which are not asked here.
        self._json = [place for place, field in enumerate(fields) if isinstance(field, JSONField)]

    def __len__(self) -> int:
        return len(self._names)

    def columns(self, alias: str) -> str:
        """What a SELECT lists, for the table of that alias."""
        return ", ".join(f"{alias}.{name}" for name in self._names)

    def instance(self, values: Sequence[Any]) -> M:
        """From the values of `columns`, in their order."""
        row = list(values)
        for place in self._json:
            row[place] = orjson.loads(row[place])
        return self._model.from_db("default", self._names, row)
