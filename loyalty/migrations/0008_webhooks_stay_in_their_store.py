"""References that include the store: a delivery and its subscription, an attempt and its
delivery."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0007_webhooks")]
    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE loyalty_delivery ADD CONSTRAINT delivery_stays_in_its_store
                FOREIGN KEY (store_id, subscription_id)
                REFERENCES loyalty_subscription (store_id, id) ON DELETE CASCADE;
            ALTER TABLE loyalty_deliveryattempt ADD CONSTRAINT attempt_stays_in_its_store
                FOREIGN KEY (store_id, delivery_id)
                REFERENCES loyalty_delivery (store_id, id) ON DELETE CASCADE;
            """,
            """
            ALTER TABLE loyalty_deliveryattempt DROP CONSTRAINT attempt_stays_in_its_store;
            ALTER TABLE loyalty_delivery DROP CONSTRAINT delivery_stays_in_its_store;
            """,
        )
    ]
