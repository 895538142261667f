"""The law as code, pure: grounds, terms, the lifecycle of a case, documents, policies."""
