"""Lists of members, and who is on them."""

from uuid import UUID

from django.db.models import QuerySet

from loyalty.errors import NotFound
from loyalty.models import Store
from members.models import ListedMember, MemberList


def member_lists(store: Store) -> QuerySet[MemberList]:
    return MemberList.for_store(store)


def get_member_list(store: Store, list_id: UUID | str) -> MemberList:
    found = member_lists(store).filter(id=list_id).first()
    if found is None:
        raise NotFound
    return found


def listed_members(store: Store, member_list: MemberList) -> QuerySet[ListedMember]:
    return ListedMember.for_store(store).filter(list=member_list)
