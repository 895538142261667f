r"""Ids in JSON, laid apart as the bytes that they stand for, so that they are not compressed.

Of a value's bytes most are ids and digests: hex digits, in which no compression finds anything but that they
are hex digits. In the text a reference stands in an id's place, within its quotes:

    "   C0   one byte: its form   one byte: its number   "

Numbers begin at 0, and an id that comes again has the number that it had. Where the first reference to a
number stands, the next bytes of what lies apart are its id. No JSON has a C0 behind a quote, since UTF-8 has
none; content that has one all the same is left as it is, and nothing lies apart.
"""

import re
from binascii import Error as NoHexError
from binascii import hexlify, unhexlify
from operator import itemgetter

_UUID, _SHA256, _HEX, _SID = b"U", b"D", b"H", b"S"
# By the length with both quotes; a sid has two letters before its digits.
_FORMS = {38: _UUID, 66: _SHA256, 34: _HEX, 36: _SID}
_SIZES = {_UUID: 16, _SHA256: 32, _HEX: 16, _SID: 16}
_MOST = 256
_MARK, _QUOTED_MARK = b"\xc0", b'"\xc0'
_SM = b'"SM'
_HYPHENS = tuple(b"----")
_hyphens_of = itemgetter(9, 14, 19, 24)
# Loose, because that is a third of the time; what it finds is looked at again.
_FOUND = re.compile(rb'("[SM0-9a-f-]{32,64}")')
_REFERENCE = re.compile(rb'("\xc0[UDHS].")', re.DOTALL)


def lay_apart(content: bytes) -> tuple[bytes, bytes]:
    """The ids' bytes, and the content with references in their place."""
    if _MARK in content and _QUOTED_MARK in content:
        return b"", content
    pieces = _FOUND.split(content)
    known: dict[bytes, bytes] = {}
    ids: list[bytes] = []
    for place in range(1, len(pieces), 2):
        found = pieces[place]
        reference = known.get(found)
        if reference is None:
            form = _FORMS.get(len(found))
            id_ = None if form is None or len(ids) == _MOST else _bytes(form, found)
            if form is None or id_ is None:
                reference = found
            else:
                reference = b'"\xc0%b%c"' % (form, len(ids))
                ids.append(id_)
            known[found] = reference
        pieces[place] = reference
    return b"".join(ids), b"".join(pieces)


def put_back(ids: bytes, text: bytes, largest: int) -> bytes:
    """The content again. Raises `ValueError` where it is damaged, or would be larger than so many bytes."""
    if not ids:
        return text
    pieces = _REFERENCE.split(text)
    known: list[bytes] = []
    begin, size = 0, len(text)
    for place in range(1, len(pieces), 2):
        form, number = pieces[place][2:3], pieces[place][3]
        if number == len(known):
            end = begin + _SIZES[form]
            known.append(_written(form, ids[begin:end]))
            begin = end
        elif number > len(known):
            raise ValueError("a reference to no id")
        size += len(known[number]) - len(pieces[place])
        pieces[place] = known[number]
    if size > largest:
        raise ValueError("it grows beyond what a value may be")
    if begin != len(ids):
        raise ValueError("ids and references that do not belong together")
    return b"".join(pieces)


def _bytes(form: bytes, found: bytes) -> bytes | None:
    """What a text in quotes stands for; None where it is not of this form."""
    if form == _UUID:
        if found.count(b"-") != len(_HYPHENS) or _hyphens_of(found) != _HYPHENS:
            return None
        digits = found[1:-1].replace(b"-", b"")
    elif form == _SID:
        if not found.startswith(_SM):
            return None
        digits = found[3:-1]
    else:
        digits = found[1:-1]
    try:
        return unhexlify(digits)
    except NoHexError:
        return None


def _written(form: bytes, id_: bytes) -> bytes:
    """An id as it stands in JSON, with its quotes."""
    digits = hexlify(id_)
    if form == _UUID:
        return b'"%b-%b-%b-%b-%b"' % (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return b'"SM%b"' % digits if form == _SID else b'"%b"' % digits
