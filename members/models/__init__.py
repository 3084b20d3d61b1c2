from members.models.identifiers import ExternalIdentifier, ExternalKind, as_kept
from members.models.members import CARD_NUMBER, COUNTRY, PHONE, Gender, Member

__all__ = [
    "CARD_NUMBER",
    "COUNTRY",
    "PHONE",
    "ExternalIdentifier",
    "ExternalKind",
    "Gender",
    "Member",
    "as_kept",
]
