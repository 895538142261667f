"""How what is ours alone is encrypted, and opened again (docs/decisions/payload-encryption.md)."""
