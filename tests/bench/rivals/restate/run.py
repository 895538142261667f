"""Restate: its server from npm, and a service on its Python SDK. See the README beside its folder."""

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import serving  # noqa: E402 - it lies beside this folder

_SERVER = "@restatedev/restate-server"
_AT_WORK = (
    "SELECT count(*) AS open FROM sys_invocation_status "
    "WHERE status NOT IN ('completed', 'scheduled', 'free')"
)


def prepare(cache: Path) -> Mapping[str, str]:
    """Install the server and the SDK."""
    package = HERE / "package.json"
    serving.once(cache / "server.made", [package], lambda: _install(cache))
    versions = serving.environment(cache, HERE / "requirements.txt")[1]
    server = json.loads(package.read_text(encoding="utf-8"))["dependencies"][_SERVER]
    return {"restate-server": server, **versions}


def _install(cache: Path) -> None:
    shutil.copy(HERE / "package.json", cache)
    # Scripts of packages only report the installation.
    serving.command_line("npm", "install", "--ignore-scripts", "--no-package-lock", folder=cache)
    if not _programs(cache):
        raise serving.CannotPrepareError(f"npm has no {_SERVER} for this machine")


def _programs(cache: Path) -> list[Path]:
    return sorted((cache / "node_modules" / "@restatedev").glob("restate-server-*/bin/restate-server"))


@contextlib.contextmanager
def serve(cache: Path, folder: Path, addresses: serving.Addresses) -> Iterator[serving.Ready]:
    """Run the service, the server, and make them known to each other."""
    python, _ = serving.environment(cache, HERE / "requirements.txt")
    port, intake, ingress, admin, node = (serving.free_port() for _ in range(5))
    environ = {
        "RESTATE_BASE_DIR": str(folder / "restate"),
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_BIND_IP": "127.0.0.1",
        "RESTATE_BIND_PORT": str(node),
        "RESTATE_INGRESS__BIND_PORT": str(ingress),
        "RESTATE_ADMIN__BIND_PORT": str(admin),
        "RESTATE_LOG_FILTER": "warn",
    }
    told = {"sms": addresses.sms, "decisions": addresses.decisions}
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        service = start(serving.service(python, HERE / "service.py", folder, port=port, **told))
        server = start(serving.program(str(_programs(cache)[0]), folder=folder, environ=environ))
        url = f"http://127.0.0.1:{admin}"
        deployment = {"uri": f"http://127.0.0.1:{port}"}
        serving.await_that(server, lambda: serving.call(f"{url}/deployments", deployment) is not None)
        address = f"http://127.0.0.1:{ingress}"
        taking = start(serving.service(python, HERE / "intake.py", folder, port=intake, ingress=address))
        yield serving.Ready(
            awards=f"http://127.0.0.1:{intake}/awards",
            facts=f"http://127.0.0.1:{intake}/facts",
            answers=f"http://127.0.0.1:{intake}/answers",
            settled=lambda: _is_settled(url),
            processes={"intake": [taking.pid], "service": [service.pid], "server": [server.pid]},
        )


def _is_settled(admin: str) -> bool:
    """Whether no invocation is at work; those that wait for three days are none."""
    found = serving.call(f"{admin}/query", {"query": _AT_WORK})
    return bool(found) and found["rows"] == [{"open": 0}]


if __name__ == "__main__":
    serving.main(prepare, serve)
