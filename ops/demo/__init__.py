"""Everything on one machine: broker, worker, webhooks, a simulated SMS API with handsets, sample citizens."""
