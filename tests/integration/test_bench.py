"""`jardem bench lifecycle` on a real broker: a few full cases, and what it writes about them."""

import subprocess
import sys
from pathlib import Path

import pytest

from ops.bench.measured import OURS, read_report

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_a_small_lifecycle_is_measured_and_written(tmp_path: Path) -> None:
    file, pictures = tmp_path / "lifecycle.json", tmp_path / "plots"
    told = ["bench", "lifecycle", "--cases", "30", "--json", str(file), "--plots", str(pictures)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "jardem.py"), *told],
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = read_report(file)
    assert report.faults() == []
    (measured,) = report.measurements
    assert (measured.system, measured.round) == (OURS, 1)
    figures = measured.figures
    assert figures["cases_per_second"] > 0
    assert figures["cpu_ms"] == pytest.approx(figures["cpu_ms.worker"] + figures["cpu_ms.webhooks"])
    assert figures["cpu_ms.worker"] > 0
    assert figures["cpu_ms.broker"] > 0
    assert 0 < figures["first_sms_p50_ms"] <= figures["first_sms_p99_ms"] <= figures["first_sms_max_ms"]
    assert figures["first_sms_p50_ms"] < figures["case_p50_ms"]
    assert {path.name for path in pictures.iterdir()} == {
        "lifecycle-cases_per_second.svg",
        "lifecycle-cpu_ms.svg",
    }
