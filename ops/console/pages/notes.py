"""The words for a step's note. Some notes are made of a kind and a reason: `remains_declined`."""

from ops.console.words import Words

_BEGINNINGS = {
    "remains_": ("reason",),
    "answered_after_": ("reason",),
    "draft_voided_": ("voided", "reason"),
    "questioned_": ("questioned",),
    "barred_": ("barred",),
}
"""How such a note begins, and among which words its second half is found."""
_ENDS = ("_after_decision", "_after_end")


def note_in_words(words: Words, note: str) -> str:
    """The note in words, or as it stands where it is not known: the set is open."""
    if words.has(f"note.{note}"):
        return words(f"note.{note}")
    if words.has(f"reason.{note}"):
        return words(f"reason.{note}")
    for beginning, groups in _BEGINNINGS.items():
        rest = note.removeprefix(beginning)
        for group in groups:
            if rest != note and words.has(f"{group}.{rest}"):
                return words(f"note.{beginning}*", of=words(f"{group}.{rest}"))
    for end in _ENDS:
        rest = note.removesuffix(end)
        if rest != note and words.has(f"reason.{rest}"):
            return words(f"note.*{end}", of=words(f"reason.{rest}"))
    return note
