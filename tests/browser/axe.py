"""What axe finds that keeps somebody from using a page."""

from typing import Any


def grave(response: Any) -> list[str]:
    """What is serious or critical, each with where it stands."""
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in response["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
