from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    verbose_name = "Stores and access"

    def ready(self) -> None:
        from loyalty.services.tidying import register_tidying
        from loyalty.services.webhooks.tidying import register_webhook_tidying

        register_tidying()
        register_webhook_tidying()
