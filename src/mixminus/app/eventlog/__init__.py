"""What was told to whom: events of the account in order, webhooks, alerts."""
