"""Static membership: a worker that died and comes again finds its partitions where it left them.

Without it the group waits for a dead member until its session times out, and every partition stands still
meanwhile, those of the living too. The broker gives a static member that comes again its old assignment at
once, and nobody else is disturbed.

The identity lives in a file of the data folder, which the process keeps locked as long as it lives, also
while it stands still. So nobody else can come in its name while it might still send: what the lease
(`streams.transport.lease`) promises goes on being true.
"""

import asyncio
import fcntl
import os
import socket
import uuid
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

from streams.exits import Exit, end_process


class Membership:
    """This process's place in the group; `instance_id` is its name there, the same after a restart."""

    def __init__(self, file: int, instance_id: str) -> None:
        self._file = file
        self.instance_id = instance_id

    @classmethod
    def claim(cls, folder: Path, topics: Iterable[str]) -> "Membership":
        """Take the first identity in the folder that no living process has, or make one.

        The host and the file's place on its disk are part of the name, so that a copied folder brings no
        double along; and so are the topics read, because the broker gives a static member its old assignment
        whatever it now subscribes to (KAFKA-12759).
        """
        folder.mkdir(parents=True, exist_ok=True)
        for number in count():
            file = os.open(folder / f"member-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                continue
            name = os.pread(file, 64, 0).decode("ascii", "replace")
            try:
                known = uuid.UUID(name)
            except ValueError:
                known = uuid.uuid4()
                os.ftruncate(file, 0)
                os.pwrite(file, str(known).encode(), 0)
                os.fsync(file)
            parts = [socket.gethostname(), str(os.fstat(file).st_ino), *sorted(topics)]
            return cls(file, str(uuid.uuid5(known, "\n".join(parts))))
        raise AssertionError("count() never ends")

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._file)


def leave_when_stopping(coordinator: Any) -> None:  # noqa: ANN401 - aiokafka has no types
    """Make an aiokafka group coordinator leave the group at its close, although it is a static member.

    aiokafka lets a static member only fall silent. Whoever is stopped in an orderly way may not come back
    soon, so its partitions are for others at once.
    """
    coordinator._group_instance_id = None  # noqa: SLF001


def end_when_expelled(coordinator: Any) -> None:  # noqa: ANN401 - aiokafka has no types
    """Make the process end where an aiokafka group coordinator gives up.

    It keeps what it cannot resolve for whoever polls the next time, and waits until then without heartbeats;
    nobody polls that way here. A name that another has taken (`FENCED_INSTANCE_ID`) is such a thing.
    """

    async def give_up(error: BaseException) -> None:
        end_process(Exit.CRASHED, "the group cannot be joined", error=f"{type(error).__name__}: {error}")

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            end_process(Exit.CRASHED, "the group was lost", error=f"{type(error).__name__}: {error}")

    coordinator._push_error_to_user = give_up  # noqa: SLF001
    coordinator._coordination_task.add_done_callback(ended)  # noqa: SLF001
