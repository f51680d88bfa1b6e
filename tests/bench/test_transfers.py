"""The benchmark of transfers: its server, and its section of a document."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.report.sections import write_section
from bench.scale import transfers
from bench.scale.transfers import FETCH, FILES, IN_MEMORY, PUBLISH, RCLONE
from csci_utils.errors import AlreadyExistsError
from csci_utils.s3 import S3Client
from tests.support.servers import aws_environment


def test_its_server_is_one_of_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / name for name in ("a", "b c+é", "c")]
    for path in paths:
        path.write_bytes(path.name.encode() * 100)
    with transfers.serve(IN_MEMORY, tmp_path) as (endpoint, _):
        for name, value in aws_environment(endpoint).items():
            monkeypatch.setenv(name, value)
        client = S3Client()

        for path in paths:
            client.put(str(path), f"s3://bucket/files/{path.name}", IfNoneMatch="*")
            assert client.same_bytes(f"s3://bucket/files/{path.name}", str(path))
            assert client.get_key(f"s3://bucket/files/{path.name}").read() == path.read_bytes()
        with pytest.raises(AlreadyExistsError):
            client.put(str(paths[1]), "s3://bucket/files/a", IfNoneMatch="*")
        listed = {file.path: file.size for file in client.list_files("s3://bucket/files")}

        assert listed == {
            f"s3://bucket/files/{path.name}": len(path.read_bytes()) for path in paths
        }


def test_a_section_is_rendered_from_recorded_results(tmp_path: Path) -> None:
    runs = [
        (server, tool, what, FILES, seconds + number, 2.0, 50_000_000)
        for server in (IN_MEMORY, RCLONE)
        for tool, seconds in (("csci_utils", 2.0), ("aws s3 sync", 5.0))
        for what in (PUBLISH, FETCH)
        for number in range(3)
    ]
    results, document = tmp_path / "results.json", tmp_path / "scale.md"
    results.write_text(json.dumps({"facts": {"processor": "One"}, "runs": runs}))
    document.write_text("# Scale\n\n## Transfers\n\nearlier\n\n## Other\n\nkept\n")

    transfers.main(["--render", "--results", str(results), "--output", str(document)])

    text = document.read_text()
    assert "| csci_utils | 3.00 (2.00 to 4.00) | 2.00 | 2.00 |" in text
    assert "| s5cmd sync | not installed |" in text
    assert "earlier" not in text
    assert text.endswith("\n## Other\n\nkept\n")
    ElementTree.parse(tmp_path / "scale-transfers.svg")


def test_a_section_is_added_to_a_new_document(tmp_path: Path) -> None:
    write_section(tmp_path / "new.md", "Title", "One", "text")
    write_section(tmp_path / "new.md", "Title", "Two", "more")
    write_section(tmp_path / "new.md", "Title", "One", "other text")

    assert (tmp_path / "new.md").read_text() == (
        "# Title\n\n## One\n\nother text\n\n## Two\n\nmore\n"
    )
