"""Lists of members that somebody else made: imported, and named in conditions."""

from django.db import models

from loyalty.models import StoreOwnedModel
from members.models.members import Member


class MemberList(StoreOwnedModel):
    """A named list."""

    name = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="member_list_can_be_referred_to_with_its_store"
            ),
            models.UniqueConstraint(
                fields=["store", "name"], name="member_list_name_is_unique_in_its_store"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ListedMember(StoreOwnedModel):
    """A member on a list, and since when."""

    list = models.ForeignKey(
        MemberList, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="entries",
    )  # fmt: skip
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    listed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "list", "member"], name="member_is_listed_once"
            )
        ]
        indexes = [models.Index(fields=["store", "member"], name="lists_of_a_member")]

    def __str__(self) -> str:
        return f"{self.list_id} {self.member_id}"
