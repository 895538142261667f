"""Who may do what at the brokers: the roles, what they may reach at most, and how it is granted."""
