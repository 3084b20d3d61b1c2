from members.models.identifiers import ExternalIdentifier, ExternalKind
from members.models.members import Gender, Member

__all__ = ["ExternalIdentifier", "ExternalKind", "Gender", "Member"]
