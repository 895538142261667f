"""The law as code, pure: grounds, terms and calendars, the case lifecycle, documents, policies."""
