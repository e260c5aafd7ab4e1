"""What a storage says of a file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A file of a storage.

    Attributes:
        name: Relative to the storage's root, with "/" between folders.
        size_bytes: Size of the file; -1 where the storage does not say.
        etag: What the storage says of the content; "" where it says nothing. Two contents never have the same.
        refusal: Why the name must not be used, see `refuse_key`; "" if it may. A refused folder has a name that ends
            in "/" and stands for all in it.
    """

    name: str
    size_bytes: int
    etag: str
    refusal: str = ""
