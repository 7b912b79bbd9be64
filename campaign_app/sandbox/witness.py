"""The independent log of what was accepted: one line per recipient, on disk before the sender gets its answer."""

import os
import time
from collections.abc import Iterator
from pathlib import Path


class Witness:
    """Append-only file of `time TAB recipient TAB message id TAB size`, and the counts over it.

    It survives the death of this process (each batch is one write to the kernel) and is read again at start.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lines: list[str] = []
        self._clear()
        for recipient, message_id in self.entries():
            self._count(recipient, message_id)

    def _clear(self) -> None:
        self.accepted = 0
        self._messages: set[int] = set()
        self._people: set[str] = set()

    def _count(self, recipient: str, message_id: str) -> None:
        self.accepted += 1
        self._messages.add(hash((recipient, message_id)))
        self._people.add(recipient)

    def add(self, recipient: str, message_id: str, size: int) -> None:
        """Note one accepted recipient; `flush` before answering the sender."""
        self._lines.append(f"{time.time():.3f}\t{recipient}\t{message_id}\t{size}\n")
        self._count(recipient, message_id)

    def flush(self) -> None:
        """Hand what was added to the kernel."""
        if self._lines:
            os.write(self._file, "".join(self._lines).encode("utf-8", "replace"))
            self._lines.clear()

    def entries(self) -> Iterator[tuple[str, str]]:
        """(recipient, message id) of every accepted recipient, oldest first."""
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                fields = line.rstrip("\n").split("\t")
                if len(fields) == 4:  # a last line cut short by a full disk is no evidence
                    yield fields[1], fields[2]

    def summary(self, by: str = "message") -> dict[str, int]:
        """`accepted`, `distinct`, `duplicates`: by recipient and Message-ID, or by recipient alone."""
        distinct = len(self._people) if by == "recipient" else len(self._messages)
        return {"accepted": self.accepted, "distinct": distinct, "duplicates": self.accepted - distinct}

    def reset(self) -> None:
        """Start an empty log."""
        self._lines.clear()
        os.ftruncate(self._file, 0)
        self._clear()

    def close(self) -> None:
        """Write what is left and close the file."""
        self.flush()
        os.close(self._file)
