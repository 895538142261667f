"""What processes use: processor time and memory, their children's with it."""

from collections.abc import Iterable, Mapping

import psutil

Roles = Mapping[str, Iterable[int]]
"""Processes by what they are."""


def processor_seconds(roles: Roles) -> dict[str, float]:
    """User and system time of each role's processes since they began; one that has ended counts nothing."""
    return {role: sum(map(_seconds, pids)) for role, pids in roles.items()}


def _seconds(pid: int) -> float:
    total = 0.0
    for process in _family(pid):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def resident_bytes(pids: Iterable[int]) -> int:
    """The resident memory of processes and their children."""
    total = 0
    for pid in pids:
        for process in _family(pid):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    return total


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
