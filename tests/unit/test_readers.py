"""Every reader of ours says what it reads: what is committed, unless there is a reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONSUMERS = {"AIOKafkaConsumer", "KafkaConsumer"}
UNCOMMITTED = {
    # It looks for whatever another worker has written to a changelog, and believes none of it.
    "streams/transport/changelog_writer.py",
    # It finds out how far what it has written back itself stands there.
    "ops/backup/write_back.py",
}


def readers() -> Iterator[tuple[str, str | None]]:
    """Each place in which a consumer is made, and its isolation level."""
    for folder in ("schemas", "rules", "sms", "streams", "agents", "ops"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in CONSUMERS
                ):
                    given = {keyword.arg: keyword.value for keyword in node.keywords}
                    level = given.get("isolation_level")
                    text = level.value if isinstance(level, ast.Constant) else None
                    yield str(file.relative_to(ROOT)), str(text) if text else None


def test_every_reader_reads_what_is_committed() -> None:
    found = set(readers())
    files = {file for file, _ in found}
    assert {"ops/demo/outcomes.py", "streams/transport/changelog_writer.py"} <= files
    assert found == {
        (file, "read_uncommitted" if file in UNCOMMITTED else "read_committed") for file in files
    }
