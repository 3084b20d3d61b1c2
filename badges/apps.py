from django.apps import AppConfig


class BadgesConfig(AppConfig):
    name = "badges"
    verbose_name = "Badges"

    def ready(self) -> None:
        from badges.services.dry_runs import register_dry_runs
        from badges.services.evaluation_job import register_evaluation_kinds
        from badges.services.evaluation_queue import register_queue
        from badges.services.expiry import register_sweeper
        from badges.services.jobs import register_kinds
        from badges.services.store_zones import register_store_zones
        from badges.services.wix_messages import register_wix_messages

        register_kinds()
        register_evaluation_kinds()
        register_dry_runs()
        register_queue()
        register_sweeper()
        register_store_zones()
        register_wix_messages()
