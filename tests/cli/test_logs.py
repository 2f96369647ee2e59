"""What a log line says, and what it never does."""

from collections.abc import Iterator

import pytest
import structlog

from mixminus.cli.logs import configure_logs
from mixminus.sip.contract import Credentials


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def fails(offer: bytes, credentials: Credentials) -> None:
    raise ValueError("nothing that anybody said")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_failure_is_told_without_what_its_variables_held(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(form, "info")
    secret = "HUSH" * 2
    try:
        fails(f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{secret}".encode(), Credentials("bob", secret))
    except ValueError as error:
        structlog.get_logger("mixminus.test").error("task failed", exc_info=error)
    said = capsys.readouterr().err
    assert "nothing that anybody said" in said
    assert "test_logs.py" in said
    assert secret not in said
