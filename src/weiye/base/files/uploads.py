"""Uploads are stopped at the limit while they arrive, not after."""

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Writes to a temporary file that ends with the request, and stops past the limit.

    Announced sizes are refused earlier, by ``config.middleware.UploadLimit``; this one holds for
    bodies of unknown length.

    ``request.upload_too_large`` tells the view, which answers in plain words.
    """

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_LIMIT_BYTES:
            if self.request is not None:
                self.request.upload_too_large = True  # type: ignore[attr-defined]
            # Closing the connection spares everybody the rest.
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)
