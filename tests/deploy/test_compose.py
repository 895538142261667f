"""The compose file as Docker Compose itself understands it. There is no engine, and nothing is started."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.settings.load import load_settings
from streams.settings.settings import Settings
from streams.settings.values import variable
from tests.deploy.alerting import program
from tests.deploy.composed import FOLDER, WANTED, environment, load, rehearsal
from tests.deploy.composed import project as as_it_stands

pytestmark = pytest.mark.timeout(600)

OURS = ("topics", "worker-1", "worker-2", "webhooks", "http-intake", "console")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return as_it_stands()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return rehearsal(tmp_path_factory.mktemp("rehearsal") / "compose")


def test_everything_that_runs_is_there(project: dict[str, Any]) -> None:
    others = {"kafka-1", "kafka-2", "kafka-3", "postgres", "prometheus", "grafana"}
    assert set(project["services"]) == {*OURS} | others
    for name in OURS:
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


@pytest.mark.parametrize("name", OURS)
def test_each_service_is_given_what_its_command_asks_for(
    made: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the files that secrets.sh makes."""
    for variable_ in [each for each in os.environ if each.startswith("JARDEM_")]:
        monkeypatch.delenv(variable_)
    given = environment(made, name)
    assert [value for value in given.values() if value.startswith("/run/secrets/")] == []
    for variable_, value in given.items():
        monkeypatch.setenv(variable_, value)
    settings = load_settings(made["services"][name]["command"][0])
    # Personal data are encrypted by all who write any.
    assert settings.encrypts == ("off" if name in ("topics", "http-intake") else "on")


def test_no_service_is_given_a_secret_that_it_does_not_ask_for(made: dict[str, Any]) -> None:
    for name in OURS:
        service = made["services"][name]
        asked = {value.removeprefix("/run/secrets/") for value in service["environment"].values()}
        assert {secret["source"] for secret in service.get("secrets") or []} <= asked, name


def test_who_runs_is_asked_how_it_does_and_the_intake_by_tls(project: dict[str, Any]) -> None:
    for name in (each for each in OURS if each != "topics"):
        (program_,) = project["services"][name]["healthcheck"]["test"][3:]
        compile(program_, name, "exec")
        assert (
            "https://127.0.0.1:8070/healthz" if name == "http-intake" else "http://127.0.0.1:"
        ) in program_


def test_secrets_are_their_owners_alone_and_stay_once_they_are_made(made: dict[str, Any]) -> None:
    folder = Path(made["secrets"]["pseudonym_key"]["file"]).parent
    open_to_all = {path.name for path in folder.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077}
    # One is read by Grafana's user; the other is a certificate, which Prometheus reads too.
    assert open_to_all == {"grafana_password", "intake_authority"}
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    subprocess.run([folder.parent / "secrets.sh"], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_nothing_is_reached_from_another_machine(project: dict[str, Any]) -> None:
    ports = [port for service in project["services"].values() for port in service.get("ports") or []]
    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


@pytest.mark.parametrize("missing", sorted(WANTED))
def test_what_is_missing_is_named(missing: str) -> None:
    run = load({name: value for name, value in WANTED.items() if name != missing})
    assert run.returncode != 0
    assert missing in run.stderr


def test_prometheus_asks_the_same_jobs_as_the_one_of_one_machine() -> None:
    jobs = [
        [job["job_name"] for job in yaml.safe_load(path.read_text(encoding="utf-8"))["scrape_configs"]]
        for path in (FOLDER / "prometheus.yml", FOLDER.parent / "prometheus" / "prometheus.yml")
    ]
    assert jobs[0] == jobs[1]


def test_prometheus_can_read_its_file() -> None:
    asked = [program("promtool"), "check", "config", "--syntax-only", str(FOLDER / "prometheus.yml")]
    run = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_prometheus_asks_every_process_where_it_listens(project: dict[str, Any]) -> None:
    asked = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    targets = {target for job in asked for group in job["static_configs"] for target in group["targets"]}
    binds = {"worker": "HEALTH", "webhooks": "WEBHOOKS", "http-intake": "INTAKE", "console": "CONSOLE"}
    listening = {
        f"{name}:{environment(project, name)[f'JARDEM_{bind}_BIND'].rpartition(':')[2]}"
        for name in OURS
        for role, bind in binds.items()
        if name.startswith(role)
    }
    assert targets == listening
