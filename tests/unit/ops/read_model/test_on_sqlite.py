import pytest

from tests.unit.ops.read_model.contract import ReadModelContract


class TestOnSqlite(ReadModelContract):
    @pytest.fixture
    def url(self) -> str:
        return ""
