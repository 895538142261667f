"""The chart is linted and rendered by Helm, and what comes out is read by the schemas of Kubernetes and KEDA.

Nothing is started here: there is no cluster.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import SecretStr

from ops.brokers.certificates import Authority
from ops.keys.folder import authorise, new_key
from streams.pseudonym_keys import fingerprint, write
from streams.settings.load import load_settings
from streams.settings.settings import Settings
from streams.settings.values import variable
from tests.deploy.go_tools import KEDA, go, helm

pytestmark = pytest.mark.timeout(1500)

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "jardem"
VALUES = CHART / "ci" / "values.yaml"
CALLERS = """
[callers.titles]
sources = ["urn:kz:registry:titles"]
types = ["registry.title-awarded.v1"]
certificates = ["CN=titles,O=Registry"]
"""
SECRET = {
    "pseudonym-key",
    "pseudonym-key-previous",
    "master-key",
    "master-key-previous",
    "keys-database",
    "sms-token",
    "smpp-password",
    "console-key",
    "console-database",
    "console-users",
    "oidc-client-secret",
}
"""What `secret` may hold, as docs/deploying.md has it."""
VERSIONS = ("1.29", "1.33", "1.37")


@pytest.fixture(scope="module")
def program() -> Path:
    return helm()


def rendered(program: Path, *more: str) -> list[dict[str, Any]]:
    run = subprocess.run(
        [program, "template", "j", CHART, "--values", VALUES, "--kube-version", "1.33.0", *more],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [one for one in yaml.safe_load_all(run.stdout) if one]


def kinds(objects: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["kind"], one["metadata"]["name"]) for one in objects}


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    for one in objects:
        template = one["spec"].get("template") if isinstance(one.get("spec"), dict) else None
        if template and one["kind"] in ("StatefulSet", "Deployment", "Job"):
            found[one["metadata"]["name"].removeprefix("j-jardem-")] = template["spec"]
    return found


def test_helm_lints_it(program: Path) -> None:
    run = subprocess.run(
        [program, "lint", CHART, "--values", VALUES, "--strict"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_what_it_renders_are_objects_of_kubernetes(program: Path, version: str) -> None:
    objects = [one for one in rendered(program) if one["kind"] != "ScaledObject"]
    assert len(objects) > 12
    for one in objects:
        kubernetes_validate.validate(one, version, strict=True)


def test_the_validation_notices_a_field_that_there_is_not(program: Path) -> None:
    worker = next(one for one in rendered(program) if one["kind"] == "StatefulSet")
    worker["spec"]["replica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(worker, "1.33", strict=True)


def test_the_autoscaler_is_one_of_keda(program: Path) -> None:
    folder = Path(json.loads(go("mod", "download", "-json", KEDA))["Dir"])
    crd = yaml.safe_load((folder / "config/crd/bases/keda.sh_scaledobjects.yaml").read_text(encoding="utf-8"))
    (version,) = [one for one in crd["spec"]["versions"] if one["name"] == "v1alpha1"]
    (scaled,) = [one for one in rendered(program) if one["kind"] == "ScaledObject"]
    schema = Draft202012Validator(version["schema"]["openAPIV3Schema"])
    assert [error.message for error in schema.iter_errors(scaled)] == []
    scaled["spec"]["maxReplicaCount"] = "many"
    assert list(schema.iter_errors(scaled))


def test_every_pod_runs_as_nobody_on_a_root_that_it_can_not_write(program: Path) -> None:
    found = pods(rendered(program))
    assert set(found) == {"worker", "webhooks", "http-intake", "console", "topics"}
    for pod in found.values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in (*pod["initContainers"], *pod["containers"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["image"] == "registry.example.kz/jardem@sha256:" + "0" * 64


def test_workers_keep_their_own_folder_and_each_process_says_how_it_does(program: Path) -> None:
    objects = rendered(program)
    worker = next(
        one for one in objects if one["kind"] == "StatefulSet" and one["metadata"]["name"].endswith("worker")
    )
    assert worker["spec"]["volumeClaimTemplates"][0]["metadata"]["name"] == "data"
    assert "replicas" not in worker["spec"]  # the autoscaler's
    for name in ("worker", "webhooks", "http-intake", "console"):
        (container,) = pods(objects)[name]["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert {"name": "data", "mountPath": "/data"} in container["volumeMounts"]
    assert {("PodDisruptionBudget", "j-jardem-worker"), ("NetworkPolicy", "j-jardem-worker")} <= kinds(
        objects
    )


def test_the_topics_are_made_before_anything_else_is_installed_or_changed(program: Path) -> None:
    hooks = [one for one in rendered(program) if "helm.sh/hook" in one["metadata"].get("annotations", {})]
    weights = {one["kind"]: int(one["metadata"]["annotations"]["helm.sh/hook-weight"]) for one in hooks}
    assert weights == {"ServiceAccount": -10, "ConfigMap": -10, "NetworkPolicy": -10, "Job": 0}
    assert {one["metadata"]["name"] for one in hooks} == {"j-jardem-topics"}
    for one in hooks:
        assert one["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    (job,) = [one["spec"]["template"]["spec"] for one in hooks if one["kind"] == "Job"]
    assert job["serviceAccountName"] == "j-jardem-topics"
    assert job["containers"][0]["envFrom"] == [{"configMapRef": {"name": "j-jardem-topics"}}]
    # It is given what signs in at the brokers, and no secret of ours.
    assert {volume["name"] for volume in job["volumes"] if "secret" in volume} == {
        "kafka-tls",
        "kafka-sasl",
        "files-officers",
    }


def test_whatever_is_set_otherwise_starts_every_process_anew(program: Path) -> None:
    def sums(*more: str) -> list[str]:
        templates = [
            one["spec"]["template"] for one in rendered(program, *more) if "template" in one.get("spec", {})
        ]
        said = [one["metadata"].get("annotations", {}).get("checksum/settings") for one in templates]
        return [each for each in said if each]

    before = sums()
    assert len(before) == 4
    for changed in ("kafka.brokers=other.example.kz:9093", "settings.JARDEM_SMS_FROM=1414"):
        assert not set(before) & set(sums("--set-string", changed)), changed


def test_no_secret_stands_in_what_is_rendered_and_every_setting_is_one(program: Path) -> None:
    known = {variable(name) for name in Settings.model_fields}
    for one in rendered(program):
        if one["kind"] == "ConfigMap":
            assert set(one["data"]) - known == set()
    for pod in pods(rendered(program)).values():
        for container in pod["containers"]:
            for entry in container["env"]:
                assert entry["name"].removesuffix("_FILE") in known
                # Secrets come from files; the name at the brokers is none.
                named = entry.get("valueFrom", {}).get("secretKeyRef", {}).get("key")
                assert named == "username" or entry["value"].startswith("/keys/")


OTHERWISE = {
    "as a country would": [],
    "certificates alone": ["kafka.saslMechanism="],
    "an operator's SMSC": [
        "settings.JARDEM_CARRIER=smpp",
        "settings.JARDEM_SMPP_ADDRESS=smsc.example.kz:3550",
        "settings.JARDEM_SMPP_SYSTEM_ID=egov1414",
        "settings.JARDEM_SMPP_TLS=tunnel",
        "webhooks.enabled=false",
    ],
    "nothing encrypted": ["encryption=off"],
    "the master key is changed": ["masterKeyPrevious=true"],
    "the pseudonyms' key is changed": ["pseudonymsClaim=jardem-pseudonyms", "httpIntake.enabled=true"],
    "a KMS": ["settings.JARDEM_ENCRYPTION_COMMAND=/etc/jardem/kms/ask"],
    "decided by a key": ["settings.JARDEM_DECISION_MODE=auto"],
    "users in a file": [
        "console.oidc=false",
        "settings.JARDEM_OIDC_ISSUER=",
        "settings.JARDEM_OIDC_CLIENT_ID=",
    ],
}


@pytest.mark.parametrize("values", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_each_pod_is_given_what_its_command_asks_for(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[str]
) -> None:
    """As its container would find it: the settings, and files in the place of the secrets."""
    objects = rendered(program, *(part for value in values for part in ("--set", value)))
    shared, beforehand = [one["data"] for one in objects if one["kind"] == "ConfigMap"]
    assert shared == beforehand
    authority = Authority.new(tmp_path / "authority")
    own = authority.issue("pod", hosts=["jardem.example.kz"])
    pem = {"ca.crt": authority.certificate, "tls.crt": own.certificate, "tls.key": own.key}
    pem["roots.pem"] = authority.certificate
    for name in [name for name in os.environ if name.startswith("JARDEM_")]:
        monkeypatch.delenv(name)
    for pod in pods(objects).values():
        (container,) = pod["containers"]
        with monkeypatch.context() as given:
            for variable_, value in shared.items():
                given.setenv(variable_, _here(value, tmp_path))
            for entry in container["env"]:
                given.setenv(entry["name"], _here(entry.get("value", "of-a-secret"), tmp_path))
            for value in [value for value in os.environ.values() if value.startswith(str(tmp_path))]:
                _put(Path(value), pem)
            settings = load_settings(container["args"][0])
            assert settings.profile == "production"
            assert _mounted(pod, "secret") >= {
                Path(value).name
                for value in os.environ.values()
                if Path(value).parent == tmp_path / "jardem" and value.startswith(str(tmp_path))
            }


def _mounted(pod: Mapping[str, Any], name: str) -> set[str]:
    """The files of a secret that a pod is given; all that there may be, where it is given the whole."""
    found = [volume["secret"] for volume in pod["volumes"] if volume["name"] == name]
    return {
        file
        for secret in found
        for file in ([item["path"] for item in secret["items"]] if "items" in secret else SECRET)
    }


def _here(value: str, folder: Path) -> str:
    """A path of the container as one below the test's folder."""
    return re.sub("^/(keys|etc/jardem|pseudonyms(?=/in-use))/", f"{folder}/", value)


def _put(file: Path, pem: Mapping[str, Path]) -> None:
    """What the installation puts into a secret under this name."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.name == "signing":
        authorise(file, new_key(file, datetime.now(UTC), None), "Order No 1")
    elif file.name == "callers.toml":
        file.write_text(CALLERS)
    elif file.name in pem:
        shutil.copy(pem[file.name], file)
    elif file.name == "smpp-password":
        file.write_text("8letters")
    elif file.name == "in-use":
        write(file, {fingerprint(_secret(file.with_name("jardem") / "pseudonym-key-previous")): []})
    elif file.name.endswith("database"):
        file.write_text("postgresql://name:password@host/base")
    else:
        file.write_bytes(_secret(file))
    file.chmod(0o700 if file.is_dir() else 0o600)


def _secret(file: Path) -> bytes:
    # Former keys are parted by blanks.
    return f"{file.name}-that-is-long-enough-for-a-secret".encode()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (["workers.replicas=13"], "workers.replicas is 13 and inboxPartitions is 12"),
        (["workers.autoscaling.max=40"], "workers.autoscaling.max is 40"),
        (["workers.autoscaling.min=9", "workers.autoscaling.max=4"], "workers.autoscaling.min is 9"),
        (["workers.replicas=0"], "replicas"),
        (["workers.replicas=-1"], "'/workers/replicas': minimum: got -1"),
        (["workers.replica=3"], "'replica' not allowed"),
        (["webhooks.replicas=-2"], "'/webhooks/replicas'"),
        (["httpIntake.replicas=1.5"], "'/httpIntake/replicas'"),
        (["workers.autoscaling.min=null"], "'/workers/autoscaling': missing property 'min'"),
        (["workers.autoscaling.lagPerWorker=0"], "'/workers/autoscaling/lagPerWorker'"),
        (["workers.autoscaling.targetPercentage=150"], "'targetPercentage' not allowed"),
        (["workers.autoscaling.prometheus=http://"], "'/workers/autoscaling/prometheus'"),
        # Budgets are the chart's own: each lets one pod go at a time, and nobody can say that none may.
        (["workers.disruptionBudget.maxUnavailable=0"], "'disruptionBudget' not allowed"),
        (["podDisruptionBudget.maxUnavailable=0"], "'podDisruptionBudget' not allowed"),
        # Ingresses are the installation's own, so that none can be without a host here.
        (["ingress.enabled=true"], "'ingress' not allowed"),
        (["workers.resources.requests.cpu=lots"], "'/workers/resources/requests/cpu': 'lots'"),
        (["workers.resources.limits.memory=4Gigs"], "'/workers/resources/limits/memory': '4Gigs'"),
        (["webhooks.resources.requests.cpu=-1"], "'/webhooks/resources/requests/cpu'"),
        (["console.resources.memory=1Gi"], "'/console/resources': additional properties 'memory'"),
        (["workers.resources.requests.memory=8Gi"], "workers.resources.requests.memory is 8Gi, more than"),
        (["httpIntake.resources.limits.memory=500M"], "httpIntake.resources.requests.memory is 512Mi, more"),
        (["kafka.brokers=kafka:99999"], "'/kafka/brokers'"),
        (["kafka.tlsSecret="], "kafka.tlsSecret is missing"),
        (["secret=Not A Name"], "'/secret': 'Not A Name'"),
        (["signingKeysSecret="], "signingKeysSecret is missing"),
        (["httpIntake.secret="], "'/httpIntake/secret'"),
        (["webhooks.enabled=false"], "webhooks.enabled is false while the carrier calls webhooks"),
        (["masterKeyPrevious=true", "encryption=off"], "masterKeyPrevious is true while encryption is off"),
        (["networkPolicy.kafka[0].to[0].ipBlock.cidr=10.0.0.0/99"], "'/networkPolicy/kafka/0"),
        (["tolerations[0].operator=Maybe"], "'/tolerations/0/operator'"),
        (["settings.JARDEM_NO_SUCH=x"], "'JARDEM_NO_SUCH' not allowed"),
        (["settings.JARDEM_PROFILE=prod"], "'/settings/JARDEM_PROFILE'"),
        (["settings.JARDEM_DECISION_MODE=maybe"], "'/settings/JARDEM_DECISION_MODE'"),
        (["settings.JARDEM_PUBLIC_URL=sms.example.kz"], "'/settings/JARDEM_PUBLIC_URL'"),
        (["settings.JARDEM_PUBLIC_URL=http://sms.example.kz"], "settings.JARDEM_PUBLIC_URL is http://sms"),
        (["settings.JARDEM_KAFKA=other:9092"], "settings.JARDEM_KAFKA is set by kafka.brokers"),
        (["settings.JARDEM_SMS_FROM="], "settings.JARDEM_SMS_FROM is missing"),
        (["settings.JARDEM_OIDC_ISSUER="], "settings.JARDEM_OIDC_ISSUER is missing"),
        (["console.oidc=false"], "settings.JARDEM_OIDC_CLIENT_ID is set while console.oidc is false"),
        (["settings.JARDEM_DRAFT_RULES=allow"], "settings.JARDEM_DRAFT_RULES is set: production refuses it"),
        (["workers.storage.size=lots"], "size"),
        (["inboxPartitions=many"], "inboxPartitions"),
        (["kafka.brokers=kafka"], "brokers"),
        (["kafka.replication=1"], "kafka.replication is 1"),
        (["kafka.tls=false"], "kafka.tls is false"),
        (["kafka.saslMechanism=GSSAPI"], "saslMechanism"),
        (["kafka.saslSecrets.worker="], "kafka.saslSecrets.worker is missing"),
        (["image.digest=latest"], "digest"),
        (["settings.JARDEM_PSEUDONYM_KEY=x"], "settings.JARDEM_PSEUDONYM_KEY is a secret"),
        (["settings.KAFKA=x"], "KAFKA"),
        (["podSecurity.runAsUser=0"], "runAsUser"),
        (["encryption=maybe"], "encryption"),
        (["replicas=3"], "replicas"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_their_names(
    program: Path, values: list[str], named: str
) -> None:
    run = subprocess.run(
        [
            *(program, "template", "j", CHART, "--values", VALUES, "--kube-version", "1.33.0"),
            *(part for value in values for part in ("--set", value)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert named in run.stderr


@pytest.mark.parametrize(
    "name", [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]
)
def test_no_secret_can_stand_among_the_settings(program: Path, name: str) -> None:
    run = subprocess.run(
        [
            *(program, "template", "j", CHART, "--values", VALUES, "--kube-version", "1.33.0"),
            *("--set-string", f"settings.{variable(name)}=x"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert f"settings.{variable(name)} is a secret" in run.stderr
