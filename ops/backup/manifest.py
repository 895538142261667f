"""What a backup holds: `manifest.json` beside its files, written last, so that a backup with one is whole."""

from pathlib import Path

from pydantic import ConfigDict, Field, ValidationError

from ops.backup.record_file import BackupError, digest
from schemas.base import Instant, Model
from schemas.cloudevents import explain

NAME = "manifest.json"
VERSION = 1


class Part(Model):
    """A partition: the offsets that the backup holds, `end` excluded, and its file."""

    model_config = ConfigDict(extra="forbid")

    partition: int
    begin: int
    end: int
    count: int
    file: str
    size: int
    sha256: str
    committed: int | None = None
    """Up to where the workers had read it, where they read it."""


class TopicPart(Model):
    """A topic: how it was set up, and its partitions."""

    model_config = ConfigDict(extra="forbid")

    name: str
    config: dict[str, str] = Field(default_factory=dict)
    partitions: list[Part]

    @property
    def compacted(self) -> bool:
        """Whether only each key's last record is kept, so that there are holes between offsets."""
        return "compact" in self.config.get("cleanup.policy", "")


class Manifest(Model):
    """All of it. `cut_at` is the instant (real time) that the backup shows."""

    model_config = ConfigDict(extra="forbid")

    version: int = VERSION
    cut_at: Instant
    kafka: str
    group: str
    topics: list[TopicPart]

    @property
    def records(self) -> int:
        """How many records there are in it."""
        return sum(part.count for topic in self.topics for part in topic.partitions)

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(part.size for topic in self.topics for part in topic.partitions)

    def write(self, folder: Path) -> None:
        """Write it into the backup's folder."""
        (folder / NAME).write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> Manifest:
    """The manifest of the backup in a folder. Raises `BackupError`."""
    path = folder / NAME
    try:
        found = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BackupError(f"{folder} holds no whole backup: {path.name} cannot be read ({error})") from None
    except ValidationError as error:
        raise BackupError(f"{path} is no manifest of a backup: {explain(error)}") from None
    if found.version != VERSION:
        raise BackupError(f"{path} has the version {found.version}: use the jardem that took this backup")
    return found


def faults(folder: Path, manifest: Manifest) -> list[str]:
    """A line for each file that is missing, or is not the one that was written."""
    found = []
    for topic in manifest.topics:
        for part in topic.partitions:
            path = folder / part.file
            if not path.is_file():
                found.append(f"{part.file} is missing")
            elif digest(path) != part.sha256:
                found.append(f"{part.file} is not as it was written: its SHA-256 is another")
    return found
