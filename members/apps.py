from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = "Members"

    def ready(self) -> None:
        from members.services.imports import register_kind
        from members.services.list_files import register_list_kind
        from members.services.points_expiry import register_expiry
        from members.services.wallet_types import register_default_wallet

        register_kind()
        register_list_kind()
        register_default_wallet()
        register_expiry()
