"""Rows of the carrier's table in the clear."""

from collections.abc import Mapping

from streams.app import StreamApp
from streams.encryption.sealed import NotOpenedError
from streams.exits import Exit, end_process
from streams.transport.tables import BytesTable


async def opened_rows(
    app: StreamApp, table: BytesTable, rows: Mapping[bytes, bytes | None]
) -> dict[bytes, bytes | None]:
    """The rows, None for one that is not there or whose key is erased. Where one cannot be opened it ends.

    Nobody could tell what was sent to that number.
    """
    try:
        return await app.vault.opened_rows(table.name, rows)
    except NotOpenedError as error:
        end_process(
            Exit.UNREADABLE_TABLE,
            "a table's value cannot be opened",
            table=table.name,
            changelog=table.changelog_topic_name,
            error=str(error),
        )
