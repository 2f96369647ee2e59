"""The three logs of a node."""

from dataclasses import dataclass

from mixminus.app.eventlog.alert_log import AlertLog
from mixminus.app.eventlog.event_log import EventLog
from mixminus.app.eventlog.webhook_log import WebhookLog


@dataclass(frozen=True, slots=True)
class Logs:
    """Events, webhooks, alerts."""

    events: EventLog
    webhooks: WebhookLog
    alerts: AlertLog

    async def restore(self) -> None:
        """Count on from what the store has; before anything new is written."""
        for each in (self.events, self.webhooks, self.alerts):
            await each.restore()
