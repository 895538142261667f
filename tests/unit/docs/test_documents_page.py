"""The page of documents: its examples are run, by a shell and OpenSSL."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.canonical import canonical
from streams.certificates import Roots
from streams.key_set import DEMO_KEYS
from streams.officer_signatures import OfficerSignatures, signed_bytes
from streams.signing import load_signer
from tests.documents import decision, every_kind
from tests.officers import KEYS, SIGNED_AT, SIGNING, Authority, private_pem
from tests.unit.docs.pages import ROOT, blocks

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None or shutil.which("sh") is None, reason="no openssl or no sh here"
)

SCRIPTS = [
    block.text for block in blocks((ROOT / "docs" / "documents.md").read_text()) if block.language == "sh"
]


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    command = ["sh", "-eu", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("claims", every_kind(), ids=lambda claims: claims.kind)
def test_a_document_is_verified_without_us_and_a_changed_one_is_not(claims: object, tmp_path: Path) -> None:
    [script] = [script for script in SCRIPTS if "pkeyutl" in script]
    document = load_signer(None, "").issue(claims).document  # type: ignore[arg-type]
    (tmp_path / "keys.json").write_text(DEMO_KEYS.written())
    (tmp_path / "decision.jws").write_text(document + "\n")
    done = shell(script, tmp_path)
    assert (done.returncode, done.stdout) == (0, "Signature Verified Successfully\n"), done.stderr
    (tmp_path / "decision.jws").write_text(document.replace(document[200:203], "AAA", 1))
    assert shell(script, tmp_path).returncode != 0


def test_what_openssl_signs_for_an_officer_verifies(tmp_path: Path) -> None:
    [script] = [script for script in SCRIPTS if "cms -sign" in script]
    draft, root = decision(), Authority()
    certificate = root.issue(KEYS["ES256"], "officer-7", usage=SIGNING)
    (tmp_path / "draft.json").write_text(json.dumps(draft, ensure_ascii=False))
    (tmp_path / "officer.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "officer.key").write_bytes(private_pem(KEYS["ES256"]))
    done = shell(script, tmp_path)
    assert done.returncode == 0, done.stderr
    signed = signed_bytes(
        draft, outcome="granted", refusal_ground=None, officer="officer-7", signed_at=SIGNED_AT
    )
    assert (tmp_path / "to-sign").read_bytes() == signed != canonical(draft)
    by = OfficerSignatures(roots=Roots((root.certificate,))).verify(
        (tmp_path / "signature.b64").read_text(), signed, officer="officer-7", signed_at=SIGNED_AT
    )
    assert by.officer == "officer-7"
