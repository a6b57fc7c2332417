"""What a program learns of its database does not outlive the test."""

import pytest

from weiye.base.privacy import cipher


@pytest.fixture(autouse=True)
def first_form_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cipher, "_first_form_ended", False)
