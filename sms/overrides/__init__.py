"""Texts in the place of ours: a folder of them, and what each must be."""
