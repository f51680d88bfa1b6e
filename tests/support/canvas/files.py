"""The files of the Canvas server, uploaded in Canvas's three steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.canvas.course import ME, Json
from tests.support.canvas.http import Refusal, Request, refuse


@dataclass
class UploadedFile:
    """A file in one of the steps of its upload."""

    use: str
    """What the file can be used for: ``quiz``, ``submission`` or ``comment``."""
    name: str
    """The announced name."""
    size: int
    """The announced size in bytes."""
    parameters: dict[str, str]
    """The fields that the second step must send."""
    content: bytes | None = None
    """The content; None before the second step."""
    is_confirmed: bool = False
    """Whether the third step is done."""


@dataclass
class FileStore:
    """The files by their id."""

    url: str = ""
    """The root URL of the server."""
    files: dict[int, UploadedFile] = field(default_factory=dict)
    """All files, also those whose upload is not confirmed."""

    def announce(self, use: str, request: Request) -> Json:
        """Answer the first step: say where the file goes."""
        number = 300 + len(self.files)
        parameters = {"key": f"/users/{ME['id']}/files/{number}", "signature": f"signed-{number}"}
        name, size = request.fields["name"], int(request.fields["size"])
        self.files[number] = UploadedFile(use, name, size, parameters)
        return {"upload_url": f"{self.url}/store/{number}", "upload_params": parameters}

    def store(self, number: int, request: Request) -> None:
        """Answer the second step, which may go to any server, with a redirect to the third.

        So the request must not have the token, and the file must be its last field.
        """
        file = self.files[number]
        if "Authorization" in request.headers:
            raise refuse(400, "the token was sent to the store")
        if request.form != [*file.parameters.items(), ("file", file.name)]:
            raise refuse(403, f"the signature does not match {request.form}")
        file.content = request.file
        location = f"{self.url}/api/v1/files/{number}/create_success?uuid=uuid-{number}"
        raise Refusal(303, "", {"Location": location})

    def confirm(self, number: int, request: Request) -> Json:
        """Answer the third step: the file is there."""
        if request.method != "GET" or request.query.get("uuid") != [f"uuid-{number}"]:
            raise refuse(400, "not confirmed by a GET of the URL as it was given")
        file = self.files[number]
        if file.content is None or len(file.content) != file.size:
            raise refuse(400, "the file has another size than announced")
        file.is_confirmed = True
        return {"id": number, "url": f"{self.url}/files/{number}/download", "size": file.size}

    def check(self, number: int, use: str) -> None:
        """Refuse a file that is not confirmed, or was announced for another use."""
        file = self.files.get(number)
        if file is None or not file.is_confirmed or file.use != use:
            raise refuse(400, "No valid file ids given")
