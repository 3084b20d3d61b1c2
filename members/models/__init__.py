from members.models.identifiers import ExternalIdentifier, ExternalKind, as_kept
from members.models.members import Gender, Member

__all__ = ["ExternalIdentifier", "ExternalKind", "Gender", "Member", "as_kept"]
