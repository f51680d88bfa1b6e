"""What listings of the remote's folders tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from csci_utils.listing import ListedFile
from pset_4.states.listings import FIRST_QUESTIONS, Listings

FILES = [ListedFile(f"remote/{number}.png", 1, 0, "mark") for number in range(8)]


def test_a_listing_that_broke_off_does_not_count_as_a_whole_one() -> None:
    lengths = iter([2, len(FILES)])

    def list_files(folder: str) -> Iterator[ListedFile]:
        length = next(lengths)
        yield from FILES[:length]
        if length < len(FILES):
            raise ConnectionError("the connection ended")

    listings = Listings(list_files, ["remote"])
    for file in FILES[:FIRST_QUESTIONS]:
        with pytest.raises(LookupError):
            listings.find(file.path)
    with pytest.raises(ConnectionError):
        listings.find(FILES[-2].path)

    assert listings.find(FILES[-1].path) == FILES[-1]
    assert listings.find("remote/none.png") is None
