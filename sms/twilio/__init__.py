"""The SMS API of the shape of Twilio: its carrier, its webhooks, its codes."""
