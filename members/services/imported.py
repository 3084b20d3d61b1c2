"""A member as a file has it."""

from collections.abc import Mapping
from typing import NamedTuple


class Imported(NamedTuple):
    line: int
    text: str
    values: Mapping[str, str]
    """By column, without those that are empty: `email`, `address.city`, `label:vip`."""
    problem: str = ""
