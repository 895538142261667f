"""What travels: value types and every event, as frozen pydantic models that import nothing else of ours."""
