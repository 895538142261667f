"""What stands between the steps of a case, in lines for a terminal: SMS, documents, operators' acts."""

from collections.abc import Iterator

from ops.read_model.views import ActShown, DocumentShown, Entry, Sms


def entry_lines(entry: Entry) -> Iterator[str]:
    """An entry that is no step; the first line is what stands behind its instant."""
    if entry.sms is not None:
        yield from _sms(entry.sms)
    if entry.document is not None:
        yield _document(entry.document)
    if entry.act is not None:
        yield _act(entry.act)


def _sms(sms: Sms) -> Iterator[str]:
    way = f"SMS {sms.what or ''} to {sms.phone}" if sms.outgoing else f"SMS from {sms.phone}"
    code = "" if sms.error_code is None else f", error {sms.error_code}"
    taken = "" if sms.outgoing or sms.understood is None else f", taken for {sms.understood}"
    yield f"{way}: {sms.status.replace('_', ' ')}{code}{taken}"
    if sms.text is not None:
        yield from (f"    | {line}" for line in sms.text.splitlines())


def _document(document: DocumentShown) -> str:
    verified = {True: "verifies", False: f"does NOT verify: {document.fault}", None: "was not checked"}
    return f"document {document.kind} of step {document.step}: {verified[document.verified]}"


def _act(act: ActShown) -> str:
    return f"{act.operator}: {act.act} ({act.reason})"
