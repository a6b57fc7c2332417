"""Stored files: encrypted, fenced, logged when taken, stopped at the limit while they arrive."""

import pytest
from django.core.files.uploadhandler import StopUpload
from django.db import connection
from django.test import RequestFactory

from tests.world import A, B, actor, path_of
from weiye.base.audit.models import AuditEntry
from weiye.base.files.actions import hand_out, keep
from weiye.base.files.models import StoredFile
from weiye.base.files.uploads import SealedUploadHandler
from weiye.base.scope.actor import NotAllowed
from weiye.base.scope.fence import fence


@pytest.mark.django_db
def test_content_is_encrypted_and_taking_it_is_logged() -> None:
    who = actor("worker-a")
    with fence(who):
        kept = keep(
            actor=who,
            path=path_of(A),
            name="C:\\x\\名单.xlsx",
            content="张三".encode(),
            right="people.import",
        )
        assert kept.name == "名单.xlsx"
        with connection.cursor() as cursor:
            cursor.execute("SELECT content FROM files_storedfile")
            assert "张三".encode() not in bytes(cursor.fetchone()[0])
        assert hand_out(actor=who, file_id=str(kept.pk)).read() == "张三".encode()
        assert AuditEntry.objects.get(verb="file.download").thing_id == str(kept.pk)
    # Outside the area, and inside it without the right.
    for other in (actor("worker-b"), actor("grid-a"), actor("city")):
        with fence(other), pytest.raises(StoredFile.DoesNotExist):
            hand_out(actor=other, file_id=str(kept.pk))


@pytest.mark.django_db
def test_nothing_is_kept_for_a_neighbour() -> None:
    who = actor("worker-a")
    with fence(who), pytest.raises(NotAllowed):
        keep(actor=who, path=path_of(B), name="x.csv", content=b"x", right="people.import")


def test_a_lying_size_is_stopped_while_it_arrives(settings: pytest.FixtureRequest) -> None:
    settings.UPLOAD_LIMIT_BYTES = 10  # type: ignore[attr-defined]
    request = RequestFactory().post("/x/")
    handler = SealedUploadHandler(request)
    handler.new_file("f", "x.csv", "text/csv", None)
    handler.receive_data_chunk(b"12345", 0)
    with pytest.raises(StopUpload):
        handler.receive_data_chunk(b"6789012", 5)
    assert handler._target.closed
