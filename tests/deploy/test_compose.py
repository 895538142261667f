"""The compose file as Docker Compose itself understands it. There is no engine, and nothing is started."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.settings.settings import Settings
from streams.settings.values import variable
from tests.deploy.go_tools import compose_loader

pytestmark = pytest.mark.timeout(600)

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"
WANTED = {
    "JARDEM_TWILIO_ACCOUNT_SID": "AC1",
    "JARDEM_SMS_FROM": "+77001234567",
    "JARDEM_PUBLIC_URL": "https://sms.example.kz",
}


def loaded(**given: str) -> "subprocess.CompletedProcess[str]":
    base = {name: value for name, value in os.environ.items() if not name.startswith("JARDEM_")}
    command = [compose_loader(), FOLDER / "compose.yaml"]
    return subprocess.run(command, env=base | given, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    run = loaded(**WANTED)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_everything_that_runs_is_there(project: dict[str, Any]) -> None:
    ours = {"topics", "worker-1", "worker-2", "webhooks", "console"}
    others = {"kafka-1", "kafka-2", "kafka-3", "postgres", "prometheus", "grafana"}
    assert set(project["services"]) == ours | others
    for name in ours:
        service = project["services"][name]
        assert service["read_only"] is True
        assert service["user"] == "10001:10001"
        assert service["cap_drop"] == ["ALL"]


def test_each_worker_has_a_folder_of_its_own(project: dict[str, Any]) -> None:
    folders = [project["services"][f"worker-{number}"]["volumes"][0]["source"] for number in (1, 2)]
    assert len(set(folders)) == len(folders)


def test_every_setting_is_one_and_no_secret_stands_in_it(project: dict[str, Any]) -> None:
    known = {variable(name) for name in Settings.model_fields}
    secrets = {
        variable(name)
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    for service in project["services"].values():
        ours = {name for name in service.get("environment") or {} if name.startswith("JARDEM_")}
        assert {name.removesuffix("_FILE") for name in ours} - known == set()
        assert ours & secrets == set()


def test_nothing_is_reached_from_another_machine(project: dict[str, Any]) -> None:
    ports = [port for service in project["services"].values() for port in service.get("ports") or []]
    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


@pytest.mark.parametrize("missing", sorted(WANTED))
def test_what_is_missing_is_named(missing: str) -> None:
    run = loaded(**{name: value for name, value in WANTED.items() if name != missing})
    assert run.returncode != 0
    assert missing in run.stderr


def test_prometheus_asks_the_same_jobs_as_the_one_of_one_machine() -> None:
    jobs = [
        [job["job_name"] for job in yaml.safe_load(path.read_text(encoding="utf-8"))["scrape_configs"]]
        for path in (FOLDER / "prometheus.yml", FOLDER.parent / "prometheus" / "prometheus.yml")
    ]
    assert jobs[0] == jobs[1]
