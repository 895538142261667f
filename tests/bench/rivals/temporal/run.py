"""Temporal: its server built from its Go module, on a PostgreSQL of its own. See the README beside."""

import contextlib
import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import serving  # noqa: E402 - it lies beside this folder

_MODULE = "go.temporal.io/server"
_TOOLS = (f"{_MODULE}/cmd/server", f"{_MODULE}/cmd/tools/sql")
_OTHERS = ("matching", "history", "worker")
"""The services of the server beside its frontend."""
_STORES = {"temporal": "temporal", "temporal_visibility": "visibility"}
"""Databases, and the folder of the schema of each."""


def prepare(cache: Path) -> Mapping[str, str]:
    """Build the server, and install the SDK."""
    module = HERE / "go.mod"
    serving.once(cache / "server.made", [module], lambda: _build(cache))
    versions = serving.environment(cache, HERE / "requirements.txt")[1]
    server = re.findall(rf"^require {_MODULE} v(\S+)", module.read_text(encoding="utf-8"), re.MULTILINE)
    return {"temporal-server": server[0], "postgresql": serving.postgres_version(), **versions}


def _build(cache: Path) -> None:
    """A quarter of an hour on two cores, the first time."""
    project = cache / "project"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    shutil.copy(HERE / "go.mod", project)
    environ = {"GOFLAGS": "-mod=mod -buildvcs=false", "GOWORK": "off"}
    build = ("nice", "-n", "15", "go", "build", "-o", str(cache / "bin") + "/", *_TOOLS)
    serving.command_line(*build, folder=project, environ=environ)
    found = serving.command_line(
        "go", "list", "-m", "-f", "{{.Dir}}", _MODULE, folder=project, environ=environ
    )
    shutil.rmtree(cache / "schema", ignore_errors=True)
    # Files of Go's module cache may not be written to, and so could not be taken away again.
    shutil.copytree(
        Path(found.strip()) / "schema/postgresql/v12", cache / "schema", copy_function=shutil.copyfile
    )


@contextlib.contextmanager
def serve(cache: Path, folder: Path, addresses: serving.Addresses) -> Iterator[serving.Ready]:
    """Run the database, the server on its schema, and the service."""
    python, _ = serving.environment(cache, HERE / "requirements.txt")
    port = serving.free_port()
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(serving.database())
        place = urlsplit(database.url)
        for name, schema in _STORES.items():
            tool = (str(cache / "bin" / "sql"), "--plugin", "postgres12", "--endpoint", str(place.hostname))
            tool += ("--port", str(place.port), "--user", str(place.username), "--database", name)
            serving.command_line(*tool, "create")
            serving.command_line(*tool, "setup-schema", "-v", "0.0")
            serving.command_line(*tool, "update-schema", "-d", str(cache / "schema" / schema / "versioned"))
        frontend = serving.free_port()
        config = folder / "temporal.yaml"
        # JSON is YAML.
        config.write_text(json.dumps(_config(f"{place.hostname}:{place.port}", place.username, frontend)))
        command = (str(cache / "bin" / "server"), "--config-file", str(config), "--allow-no-auth", "start")
        server = stack.enter_context(serving.program(*command, folder=folder))
        serving.await_port(server, frontend)
        told = {"port": port, "database": database.url, "temporal": f"127.0.0.1:{frontend}"}
        outside = {"sms": addresses.sms, "decisions": addresses.decisions}
        process = stack.enter_context(serving.service(python, HERE / "service.py", folder, **told, **outside))
        address = f"http://127.0.0.1:{port}"
        yield serving.Ready(
            awards=f"{address}/awards",
            facts=f"{address}/facts",
            answers=f"{address}/answers",
            # A fact is committed when its call is answered.
            settled=lambda: True,
            processes={"service": [process.pid], "server": [server.pid], "database": [database.pid]},
        )


def _config(database: str, user: str | None, frontend: int) -> dict[str, object]:
    """One node with all services, as the development configuration of the server has it."""
    services = {
        name: {"rpc": {"grpcPort": port, "membershipPort": serving.free_low_port(), "bindOnLocalHost": True}}
        for name, port in [(name, serving.free_port()) for name in _OTHERS] + [("frontend", frontend)]
    }
    store = {
        "pluginName": "postgres12",
        "connectAddr": database,
        "connectProtocol": "tcp",
        "user": user,
        "maxConnLifetime": "1h",
    }
    return {
        "log": {"stdout": True, "level": "error"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "visibility",
            "numHistoryShards": 4,
            "datastores": {
                "default": {"sql": {**store, "databaseName": "temporal", "maxConns": 20, "maxIdleConns": 20}},
                "visibility": {
                    "sql": {**store, "databaseName": "temporal_visibility", "maxConns": 2, "maxIdleConns": 2}
                },
            },
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"}},
        "services": services,
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": f"127.0.0.1:{frontend}",
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
    }


if __name__ == "__main__":
    serving.main(prepare, serve)
