"""What the case desk signs, and whose signatures it takes: the keys stand outside of the law's core."""

from dataclasses import dataclass, replace

from rules.issuing import Issued, documents
from rules.person import Person
from rules.policy import Policy
from rules.turn import Advanced
from schemas.canonical import data_of
from schemas.emaket import DecisionSigned
from schemas.outcomes import DecisionDrafted
from schemas.received import ReceivedEvent
from schemas.turned import RefusedEventError
from streams.exits import Exit, end_process
from streams.jws import NotVerifiedError
from streams.key_set import KeysError
from streams.officer_signatures import OfficerSignatures, signed_bytes
from streams.signing import FolderSigner, Signer


@dataclass(frozen=True, slots=True)
class Documents:
    """Signs what goes to the personal cabinet, and verifies what officers have signed (R10, R31).

    Without a `signer` it only verifies.
    """

    signer: Signer | FolderSigner | None
    officers: OfficerSignatures
    issued: Issued

    def with_documents(self, turned: Advanced, event: ReceivedEvent, policy: Policy) -> Advanced:
        """What the event did, with its documents."""
        if self.signer is None:
            return turned
        claims = documents(turned, event, policy, self.issued)
        try:
            notified = tuple(self.signer.issue(each) for each in claims)
        except KeysError as error:
            # The record is sound; the installation is not. A dead letter would lose it.
            end_process(Exit.CONFIGURATION, "a document cannot be signed", problem="; ".join(error.problems))
        return replace(turned, effects=(*turned.effects, *notified))

    def check(self, person: Person, signed: DecisionSigned) -> None:
        """Verify the signature over the draft, where officers' keys or certificates are known.

        Raises `RefusedEventError` where it does not verify. Whether there is such a draft is for the rules to
        say.
        """
        drafts = [case.draft for case in person.cases.values() if case.draft]
        draft = next((each for each in drafts if each.decision_id == signed.decision_id), None)
        if draft is None or not self.officers:
            return
        content = signed_bytes(
            data_of(DecisionDrafted(**dict(draft))),
            outcome=signed.outcome,
            refusal_ground=signed.refusal_ground,
            officer=signed.officer,
            signed_at=signed.signed_at,
        )
        try:
            self.officers.verify(
                signed.signature, content, officer=signed.officer, signed_at=signed.signed_at
            )
        except NotVerifiedError as error:
            raise RefusedEventError(f"signature: {error}") from None
