"""`make docs`: writes the boards for Grafana into a folder."""

import json
from pathlib import Path

from ops.boards import law, service, sms, workers
from ops.boards.board import Board, as_json

BOARDS: dict[str, Board] = {
    "service.json": service.BOARD,
    "sms.json": sms.BOARD,
    "workers.json": workers.BOARD,
    "law.json": law.BOARD,
}
"""Every board by its file under deploy/grafana/."""


def written(board: Board) -> str:
    """The board's file."""
    return json.dumps(as_json(board), indent=2) + "\n"


def main(folder: Path) -> None:
    """Write all boards into this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, board in BOARDS.items():
        (folder / name).write_text(written(board), encoding="utf-8")


if __name__ == "__main__":
    main(Path("deploy/grafana"))
