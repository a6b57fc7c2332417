"""What holds for every request and response."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("path", "most"), [("/community/imports/", 300), ("/signin/", 50)])
def test_a_huge_upload_is_refused_by_its_announced_size_in_plain_words(
    path: str, most: int
) -> None:
    answer = Client(enforce_csrf_checks=True).post(
        path,
        data=b"x",
        content_type="multipart/form-data; boundary=b",
        headers={"Content-Length": str(2 * 1024**3)},
    )
    assert answer.status_code == 413
    assert f"最大 {most} MB" in answer.content.decode()


def test_every_page_forbids_inline_scripts_and_other_hosts() -> None:
    policy = Client().get("/signin/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
