"""The command: parses arguments and wires the parts, nothing else."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

PACKAGES = ("agents", "ops", "rules", "schemas", "sms", "streams")
"""What is installed beside this file."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def _command() -> None:
    """State benefits without an application: registry events in, consent by SMS, decisions out."""
    import logging

    # What becomes of a connection the commands say themselves, in fewer words.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


topics_app = typer.Typer(no_args_is_help=True, help="The topics of the contract.")
app.add_typer(topics_app, name="topics")
rules_app = typer.Typer(no_args_is_help=True, help="The rules, by the day on which they are in force.")
app.add_typer(rules_app, name="rules")


def _room(module: str, name: str) -> type[TyperGroup]:
    """A group of commands that stands in a room of its own: it is imported when one of them is asked for."""

    class Room(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - click's context, or typer's
            return list(self._loaded().commands)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - the same
            return self._loaded().commands.get(cmd_name)

        def _loaded(self) -> TyperGroup:
            from importlib import import_module

            return typer.main.get_group(getattr(import_module(module), name))

    return Room


for _name, _module, _help in (
    ("backup", "ops.backup.commands", "What the brokers hold, into files and back."),
    ("bench", "ops.bench.commands", "The benchmarks."),
    ("case", "ops.cases.commands", "Cases, as the topics tell of them."),
    ("dead-letters", "ops.dead_letters.commands", "What could not be read: look, send back, lay aside."),
    ("keys", "ops.keys.commands", "The keys that sign our documents, and that of pseudonyms."),
    ("person", "ops.persons.commands", "What is done about one person at once: their erasure."),
):
    _group = typer.Typer(
        cls=_room(_module, f"{_name.replace('-', '_')}_app"), no_args_is_help=True, help=_help
    )
    app.add_typer(_group, name=_name)


_console = typer.Typer(
    cls=_room("ops.console.commands", "console_app"),
    invoke_without_command=True,
    help="The operators' web page, its users and the tokens of its API.",
)
app.add_typer(_console, name="console")


@_console.callback()
def console(
    ctx: typer.Context,
    *,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build the read model anew from the topics beside the old one.")
    ] = False,
) -> None:
    """Run the operators' console: the web page, the read API and the read model that they ask."""
    from ops.console.extra import require_console

    require_console()
    if ctx.invoked_subcommand is not None:
        return

    from ops.console.server import rebuild_read_model, run_console
    from streams.encryption.opening import check_keys
    from streams.logs import configure_logging
    from streams.settings.checks import unknown_variables
    from streams.settings.load import load_settings

    settings = load_settings("console")
    check_keys(settings)
    for line in unknown_variables(settings):
        typer.echo(line, err=True)
    if rebuild:
        rebuild_read_model(settings, typer.echo)
        return
    configure_logging()
    sys.exit(run_console(settings))


class BrokerKind(StrEnum):
    """The local brokers that there are."""

    kafka = "kafka"
    embedded = "embedded"


@app.command()
def broker(
    kind: Annotated[
        BrokerKind | None, typer.Option(help="Without it: kafka, or embedded where Java or Maven is missing.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen on 127.0.0.1; 0 chooses a free port.")
    ] = 0,
    data: Annotated[
        Path | None, typer.Option(help="Where its data is kept; by default in JARDEM_DATA_DIR.")
    ] = None,
    *,
    fetch_only: Annotated[bool, typer.Option(help="Only fetch Apache Kafka's jars with Maven.")] = False,
) -> None:
    """Run a broker on this machine in the foreground; prints host:port when it is ready."""
    from ops.brokers.choose import choose
    from ops.brokers.foreground import run_in_foreground
    from ops.brokers.kafka_files import fetch_jars
    from streams.settings.load import load_settings

    if fetch_only:
        typer.echo(fetch_jars())
        return
    folder = data or load_settings("broker").data_dir / "broker"
    chosen, note = choose(kind.value if kind else None, folder, port=port)
    if note:
        typer.echo(note, err=True)
    run_in_foreground(chosen, typer.echo)


@app.command()
def worker() -> None:
    """Run the worker: intake, desks, carrier and deadlines. As many as there are partitions."""
    from ops.acls.own_rights import require_rights
    from ops.reach import require_broker
    from sms.catalogues import load_texts
    from streams.encryption.opening import check_keys
    from streams.settings.checks import unknown_variables
    from streams.settings.load import load_settings
    from streams.tracer import start_tracing

    settings = load_settings("worker")
    for line in unknown_variables(settings):
        typer.echo(line, err=True)
    # Whatever is wrong with what was written here is said before anybody looks for the broker.
    load_texts(settings.texts_dir)
    check_keys(settings)
    tracer = start_tracing(settings, "worker")
    require_broker(settings)
    require_rights(settings, "worker")

    from agents.bootstrap import assemble
    from streams.logs import configure_logging
    from streams.worker import run_worker

    configure_logging()
    code = run_worker(assemble(settings, tracer), settings.health_bind)
    if tracer is not None:
        tracer.close()
    sys.exit(code)


@app.command()
def webhooks() -> None:
    """Run HTTP for the SMS API: POST /sms/inbound and POST /sms/status."""
    import asyncio

    from ops.acls.own_rights import require_rights
    from ops.reach import require_broker
    from streams.encryption.opening import check_keys
    from streams.settings.load import load_settings
    from streams.tracer import start_tracing

    settings = load_settings("webhooks")
    check_keys(settings)
    tracer = start_tracing(settings, "webhooks")
    require_broker(settings)
    require_rights(settings, "webhooks")

    from sms.twilio.webhooks import serve
    from streams.logs import configure_logging

    configure_logging()
    asyncio.run(serve(settings, tracer=tracer))
    if tracer is not None:
        tracer.close()


@app.command("http-intake")
def http_intake() -> None:
    """Run HTTP for registries without Kafka: POST /events takes CloudEvents."""
    import asyncio

    from ops.acls.own_rights import require_rights
    from ops.reach import require_broker
    from streams.settings.checks import unknown_variables
    from streams.settings.load import load_settings

    settings = load_settings("http-intake")
    for line in unknown_variables(settings):
        typer.echo(line, err=True)
    require_broker(settings)
    require_rights(settings, "http-intake")

    from ops.http_intake.server import serve
    from streams.logs import configure_logging

    configure_logging()
    asyncio.run(serve(settings))


class CarrierKind(StrEnum):
    """What the demo's SMS go through."""

    twilio = "twilio"
    smpp = "smpp"


@app.command()
def demo(
    broker: Annotated[
        BrokerKind | None, typer.Option(help="Without it: kafka, or embedded where Java or Maven is missing.")
    ] = None,
    carrier: Annotated[
        CarrierKind, typer.Option(help="An SMS API of Twilio's shape, or an operator's SMSC.")
    ] = CarrierKind.twilio,
    *,
    fast: Annotated[bool, typer.Option(help="Let a day pass in five seconds instead of twenty.")] = False,
    once: Annotated[
        bool, typer.Option(help="End when everybody has an outcome; fail unless each is as expected.")
    ] = False,
) -> None:
    """Run everything on this machine: a broker (or JARDEM_KAFKA), handsets and console, citizens."""
    import asyncio

    from ops.demo.run import Options, run
    from ops.reach import require_broker
    from streams.settings.load import load_settings

    settings = load_settings()
    if settings.kafka:
        require_broker(settings)
    options = Options(
        fast=fast,
        once=once,
        broker=broker.value if broker else None,
        kafka=settings.kafka,
        carrier=carrier.value,
    )
    sys.exit(asyncio.run(run(options)))


@app.command()
def status(
    *,
    once: Annotated[bool, typer.Option("--once", help="Show it once, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Once, as one JSON object.")] = False,
) -> None:
    """Show how the service stands, live on one screen, from the console's read model; Ctrl-C ends it."""
    from ops.console.extra import require_console

    require_console()
    from rich.console import Console

    from ops.status.command import show_status
    from streams.settings.load import load_settings

    show_status(load_settings("status"), Console(), once=once, as_json=as_json)


@app.command()
def doctor() -> None:
    """Say what is missing or wrong with this installation, one line each. Exit code 1 where there is."""
    strangers = _strangers()
    for problem in strangers:
        typer.echo(f"wrong {problem}")
    if strangers:
        # Nothing else that is looked at with them could be believed.
        raise typer.Exit(1)

    from ops.doctor.examine import examine, healthy

    lines = []
    for line in examine():
        typer.echo(f"{line.verdict:6}{line.text}")
        lines.append(line)
    if not healthy(lines):
        raise typer.Exit(1)


@app.command()
def publish(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="JSON lines; - reads standard input.")],
    *,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Publish no line where one is refused.")
    ] = False,
    sign: Annotated[
        Path | None, typer.Option(help="A private key (JWK) by which events are signed: jardem keys source.")
    ] = None,
) -> None:
    """Publish events: a line each, {"type": "registry.title-awarded.v1", "data": {...}}.

    A line may name its "id", "source" and "time". With ids of your own, publishing a file again is safe: the
    same source and id are the same event. Exit code 1 where a line was refused or not acknowledged.
    """
    from ops.publish.publisher import Publisher
    from streams.key_set import read_private_file
    from streams.settings.load import load_settings

    settings = load_settings("publish")
    key = None if sign is None else read_private_file(sign)
    publisher = Publisher(settings, lambda line: typer.echo(line, err=True), key=key)
    outcome = publisher.publish(file, all_or_nothing=all_or_nothing)
    for line in outcome.lines():
        typer.echo(line)
    if not outcome.complete:
        raise typer.Exit(1)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="JSON lines, as for publish.")],
    *,
    patience: Annotated[
        float, typer.Option(min=1, help="Give up where the workers have taken nothing for so many seconds.")
    ] = 60.0,
    sign: Annotated[
        Path | None, typer.Option(help="A private key (JWK) by which events are signed: jardem keys source.")
    ] = None,
) -> None:
    """Load facts before the first right: publish phones, benefits, accounts, and wait for the workers.

    How far it has come is noted in FILE.loaded, so that it goes on from there when it is run again. Exit
    code 0 when the workers have all of it, 1 where something is missing, which is said.
    """
    from rich.console import Console

    if not file.is_file():
        raise typer.BadParameter(f"{file} is no file", param_hint="FILE")

    from ops.load.command import load as load_file
    from streams.key_set import read_private_file
    from streams.settings.load import load_settings

    key = None if sign is None else read_private_file(sign)
    if not load_file(load_settings("publish"), file, Console(), patience=patience, key=key):
        raise typer.Exit(1)


@topics_app.command("apply")
def topics_apply(
    *,
    check: Annotated[bool, typer.Option("--check", help="Only look; change nothing.")] = False,
    acls: Annotated[
        bool, typer.Option("--acls", help="Say to the brokers too who may do what, role by role.")
    ] = False,
    principal: Annotated[
        list[str] | None,
        typer.Option(help="With --acls: who has a role, as ROLE=User:NAME; several times for several."),
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="With --acls: take away what is too much.")] = False,
) -> None:
    """Create or check every topic, and the ACLs. Exit code 1 where one is missing or does not fit."""
    from rich.console import Console

    from ops.acls import granting
    from ops.acls.roles import load_roles
    from ops.topics import acceptable, apply_topics, report
    from streams.settings.load import load_settings

    if not acls and (principal or prune):
        raise typer.BadParameter("it goes with --acls", param_hint="--principal, --prune")
    settings = load_settings("topics")
    roles = load_roles(settings, principal or ()) if acls else None
    findings = apply_topics(settings, check_only=check)
    parts, right = [*report(findings)], acceptable(findings)
    if roles is not None:
        granted = granting.grant(settings, roles, check_only=check, prune=prune)
        parts += granting.report(granted, check_only=check)
        right = right and granted.right
    for part in parts:
        Console().print(part, soft_wrap=isinstance(part, str))
    if not right:
        raise typer.Exit(1)


@rules_app.command("show")
def rules_show(
    day: Annotated[
        str | None, typer.Argument(metavar="DATE", help="The day, like 2021-07-20; without it: today.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Show the rules of a day: dates, grounds, categories, policies. Exit code 1 where none are in force.

    Repealed rules and drafts count as the settings say.
    """
    from ops import rules_table
    from schemas.times import read_day
    from streams.settings.load import load_settings

    settings = load_settings("rules")
    try:
        asked = read_day(day) if day else rules_table.today(settings)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="DATE") from None
    found = rules_table.rules_on(asked, settings)
    if as_json:
        typer.echo(rules_table.as_json(asked, found))
    else:
        for line in rules_table.as_lines(asked, found):
            typer.echo(line)
    if found is None:
        raise typer.Exit(1)


@app.command()
def texts(price: Annotated[float | None, typer.Option(help="What one part costs.")] = None) -> None:
    """Show every text that citizens are sent, those of JARDEM_TEXTS_DIR too, with its parts and costs."""
    from rich.console import Console

    from sms.catalogues import load_texts
    from sms.text_table import table
    from streams.settings.load import load_settings

    Console().print(table(load_texts(load_settings("texts").texts_dir), price))


@app.command()
def simulate(
    seeds: Annotated[int, typer.Option(min=1, help="How many runs.")] = 1000,
    first: Annotated[int, typer.Option("--from", min=0, help="The first seed.")] = 0,
) -> None:
    """Play both cores on a troubled network. Exit code 1 where a run breaks a promise; its story is told."""
    from rich.console import Console

    from ops.simulation.command import simulate as play

    if play(seeds, first, Console()):
        raise typer.Exit(1)


@app.command()
def handset(
    phone: Annotated[
        str | None, typer.Argument(help="The number, like +77010000001; without it: a list.")
    ] = None,
    url: Annotated[str, typer.Option(help="Where the simulated SMS API listens.")] = "http://127.0.0.1:8085",
) -> None:
    """Hold one number's conversation with the demo in this terminal."""
    import asyncio

    from sms.simulator.terminal import run

    asyncio.run(run(url, phone))


@app.command()
def verify(  # noqa: PLR0913 - each is an option
    file: Annotated[
        str | None, typer.Argument(help="The document, or the log; - reads standard input.")
    ] = None,
    keys: Annotated[str | None, typer.Option(help="The public keys; else those configured.")] = None,
    officer_keys: Annotated[Path | None, typer.Option(help="The officers' key set.")] = None,
    officer_roots: Annotated[Path | None, typer.Option(help="The officers' root certificates, PEM.")] = None,
    document: Annotated[str | None, typer.Option(help="For a QR code: the document that it names.")] = None,
    case: Annotated[str | None, typer.Option(help="With --log: only this case.")] = None,
    documents: Annotated[
        str | None, typer.Option(help="With --log: JSON lines of cabinet.notified.v1 to compare with.")
    ] = None,
    *,
    log: Annotated[
        bool, typer.Option("--log", help="Look through a log of case.advanced.v1; without FILE, the topic.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Verify a signed document, or a log. Exit code 1 where it does not verify, or the log has faults."""
    from ops.verify.command import Asked, verify_document_file, verify_log_file
    from streams.settings.load import load_settings

    settings = load_settings("verify --log" if log and file is None else "verify")
    asked = Asked(file, keys, officer_keys, officer_roots, document, case, documents)
    lines, right = (verify_log_file if log else verify_document_file)(asked, settings, as_json=as_json)
    for line in lines:
        typer.echo(line)
    if not right:
        raise typer.Exit(1)


class Tongue(StrEnum):
    """The languages in which documents are printed."""

    kk = "kk"
    ru = "ru"


@app.command()
def document(
    file: Annotated[str, typer.Argument(help="The document: a compact JWS, its event in JSON, or -.")],
    pdf: Annotated[str, typer.Option(help="Where the PDF is written; - for standard output.")],
    language: Annotated[Tongue | None, typer.Option(help="By default the document's.")] = None,
) -> None:
    """Print a document that verifies, with the QR code of a decision. Exit code 1 where it does not."""
    from ops.documents.command import print_document
    from streams.settings.load import load_settings

    chosen = language.value if language else None
    for line in print_document(file, pdf, chosen, load_settings("document")):
        typer.echo(line, err=pdf == "-")


def _strangers() -> tuple[str, ...]:
    """A line for each package of ours in whose place, or in whose folder, is somebody else's.

    Ours stand at the top level, where other projects may have some of the same names. It is found out here,
    without importing any of them, because each of them may be the one that is not ours.
    """
    from importlib import metadata, util

    here = Path(__file__).resolve().parent
    remedy = "install jardem into an environment of its own, without a PYTHONPATH"
    lines = []
    for name in PACKAGES:
        spec = util.find_spec(name)
        first = Path(spec.origin).resolve() if spec and spec.origin else None
        if first != here / name / "__init__.py":
            lines.append(f"the package {name} is {first or 'missing'}, not jardem's in {here}: {remedy}")
    projects = metadata.packages_distributions()
    lines += [
        f"{project} has installed files into jardem's {here / name}: {remedy}"
        for name in PACKAGES
        for project in sorted(set(projects.get(name, ())) - {"jardem"})
        if Path(str(metadata.distribution(project).locate_file(name))).resolve() == here / name
    ]
    return tuple(lines)


def _explained(error: Exception) -> tuple[int, tuple[str, ...]] | None:
    """The exit code and the lines for an error that is the user's to put right, None for one that is ours."""
    if isinstance(error, ImportError):
        strangers = _strangers()
        return (1, strangers) if strangers else None

    from aiokafka.errors import KafkaError as OtherKafkaError
    from kafka.errors import KafkaError

    from rules.rule_set_reading import BadRuleSetsError
    from streams.errors import UserError

    if isinstance(error, UserError):
        return error.exit_code, error.problems
    if isinstance(error, BadRuleSetsError):
        return 2, error.problems
    return (1, (str(error),)) if isinstance(error, KafkaError | OtherKafkaError) else None


def main() -> None:
    """Run the command. Exit codes: 0 done, 1 failed, 2 wrong arguments or settings."""
    try:
        app()
    except Exception as error:
        explained = _explained(error)
        if explained is None:
            raise
        code, lines = explained
        for line in lines:
            typer.echo(line, err=True)
        sys.exit(code)


if __name__ == "__main__":
    main()
