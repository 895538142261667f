"""What the topics say of cases: for whoever answers for one."""
