"""Uploads are stopped at the limit while they arrive, not after."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Writes to a temporary file that ends with the request, and stops past the limit.

    ``request.upload_too_large`` tells the view, which answers in plain words.
    """

    received = 0

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        # A form carries a little beside the file.
        if content_length > settings.UPLOAD_LIMIT_BYTES + 64 * 1024:
            self.refuse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_LIMIT_BYTES:
            self.refuse()
        super().receive_data_chunk(raw_data, start)

    def refuse(self) -> None:
        if self.request is not None:
            self.request.upload_too_large = True  # type: ignore[attr-defined]
        # Closing the connection spares everybody the rest of the 300 MB.
        raise StopUpload(connection_reset=True)
