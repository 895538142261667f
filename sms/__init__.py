"""The citizen's channel: texts, answers, the conversation, the carrier, webhooks, the simulator."""
