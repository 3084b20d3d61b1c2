from members.models.members import Gender, Member

__all__ = ["Gender", "Member"]
