"""One byte per delivery in a memory-mapped file. It survives SIGKILL and costs no system call.

A region belongs to one lease and epoch. Its ids are written before its count, and its lease id last, so that a reader
sees a whole region or none. The worker locks the file as long as it lives: who gets the lock knows that it is dead.
"""

import fcntl
import mmap
import os
import secrets
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from campaign_app.core.config import settings

CAPACITY = 512
_MAGIC = b"BEACONJ1"
_FILE_HEAD = struct.Struct("<8sII40s64s")  # magic, regions, capacity, boot id, worker
_HEAD_BYTES = 4096
_REGION_HEAD = struct.Struct("<qqq")  # lease id, epoch, count
_IDS = 64
_ATTEMPTS = _IDS + 8 * CAPACITY
_STATES = _ATTEMPTS + CAPACITY
_REGION_BYTES = _STATES + CAPACITY
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class State(IntEnum):
    """What is known of one delivery."""

    NONE = 0
    HANDED_OVER = 1
    ACCEPTED = 2
    REFUSED = 3
    PUT_OFF = 4
    WITHDRAWN = 5  # its lease was lost, and it was reported as never handed over


NOT_SENT = (State.NONE, State.PUT_OFF)


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery as the journal knows it; `attempts` is what the row had when it was read."""

    delivery_id: int
    attempts: int
    state: State


@dataclass(frozen=True, slots=True)
class Record:
    """A dead worker's journal. Not `trusted`: the machine was started again, so the last bytes may be missing."""

    worker: str
    trusted: bool
    leases: dict[tuple[int, int], tuple[Entry, ...]]


def worker_name() -> str:
    """Unique, and readable: host, process, eight letters."""
    return f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"


def folder() -> Path:
    """Where this installation's journals lie."""
    return settings().var_dir / "journal"


def home() -> str:
    """This installation's mark, made once. It tells hosts and containers of the same name apart.

    Raises:
        OSError: it cannot be made.
    """
    path = settings().var_dir / "host.id"
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        draft.write_text(secrets.token_hex(6))
        with suppress(FileExistsError):
            path.hardlink_to(draft)  # atomic: two processes starting at once agree
    finally:
        draft.unlink(missing_ok=True)
    return path.read_text().strip()


def is_ours(host: str, label: str) -> bool:
    """Whether the journal of this label (as its lease names it) lies, or lay, in this installation's folder."""
    return host == socket.gethostname()[:255] and label.rpartition("/")[0] in {"", home()}


def boot_id() -> str:
    """Changes when the machine is started again; empty where the kernel does not tell."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


class Region:
    """The part of the journal that belongs to one lease while it is held.

    Numbers are stored as whole aligned words: one machine instruction, so that no kill tears them.
    """

    __slots__ = ("_base", "_count", "_free", "_head", "_map", "_states", "_words", "index")

    def __init__(self, mapped: mmap.mmap, words: memoryview, index: int, free: list[int]) -> None:
        self.index = index
        self._map = mapped
        self._words = words
        self._base = _HEAD_BYTES + index * _REGION_BYTES
        self._head = self._base // 8
        self._states = self._base + _STATES
        self._count = 0
        self._free = free

    def _open(self, lease_id: int, epoch: int) -> None:
        head = self._head
        self._words[head] = 0
        self._map[self._states : self._states + CAPACITY] = bytes(CAPACITY)
        self._words[head + 2] = 0
        self._words[head + 1] = epoch
        self._words[head] = lease_id

    def append(self, rows: Sequence[tuple[int, int]]) -> int:
        """Add (id, attempts) of rows that may be sent from now on. Returns the slot of the first.

        Raises:
            ValueError: a lease cannot have that many.
        """
        first, count = self._count, self._count + len(rows)
        if count > CAPACITY:
            raise ValueError(f"a region holds {CAPACITY} deliveries")
        struct.pack_into(f"<{len(rows)}q", self._map, self._base + _IDS + 8 * first, *(row[0] for row in rows))
        at = self._base + _ATTEMPTS + first
        self._map[at : at + len(rows)] = bytes(min(row[1], 255) for row in rows)
        self._words[self._head + 2] = count
        self._count = count
        return first

    def mark(self, slot: int, state: int) -> None:
        """Set the state of the delivery in this slot."""
        self._map[self._states + slot] = state

    def not_sent(self) -> list[tuple[int, int]]:
        """(id, attempts) of the deliveries that were certainly not sent."""
        ids = struct.unpack_from(f"<{self._count}q", self._map, self._base + _IDS)
        attempts = self._map[self._base + _ATTEMPTS : self._base + _ATTEMPTS + self._count]
        states = self._map[self._states : self._states + self._count]
        return [(ids[n], attempts[n]) for n in range(self._count) if states[n] in NOT_SENT]

    def release(self) -> None:
        """Everything is in the database: the region can serve another lease."""
        self._words[self._head] = 0
        self._free.append(self.index)


class Journal:
    """This worker's file. Its space is reserved at the start, so that a full disk can only stop the start."""

    def __init__(self, worker: str, regions: int = 128, where: Path | None = None) -> None:
        """Make and lock the file.

        Raises:
            OSError: the disk is full or cannot be written to.
        """
        self.path = (where or folder()) / f"{worker}.journal"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        size = _HEAD_BYTES + regions * _REGION_BYTES
        self.label = f"{home()}/{self.path.name}"
        draft = self.path.with_suffix(".draft")
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(self._file, 0, size)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._map = mmap.mmap(self._file, size)
            _FILE_HEAD.pack_into(self._map, 0, _MAGIC, regions, CAPACITY, boot_id().encode(), worker.encode()[:64])
            self._map.flush()
            self.path.hardlink_to(draft)  # locked before anyone can find it, and never in place of another's
        except BaseException:
            os.close(self._file)
            raise
        finally:
            draft.unlink()
        self._words = memoryview(self._map).cast("q")
        self._free = list(range(regions - 1, -1, -1))

    def acquire(self, lease_id: int, epoch: int) -> Region | None:
        """A region for a lease; None when all are in use."""
        if not self._free:
            return None
        region = Region(self._map, self._words, self._free.pop(), self._free)
        region._open(lease_id, epoch)
        return region

    @property
    def fileno(self) -> int:
        """The locked file. A child process that keeps it open counts as part of this worker."""
        return self._file

    @property
    def free(self) -> int:
        """Regions that are not in use."""
        return len(self._free)

    def close(self, *, remove: bool) -> None:
        """Unmap and unlock. `remove`: every lease was released, so the file is deleted."""
        if remove:
            self.path.unlink(missing_ok=True)
        self._words.release()
        self._map.close()
        os.close(self._file)


class DeadJournal:
    """A journal whose worker is dead. Its lock is held while it is settled, so that only one process settles it."""

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self.label = f"{home()}/{path.name}"
        self._file = file
        self.record = _read(os.pread(file, os.fstat(file).st_size, 0))

    def close(self, *, remove: bool) -> None:
        """Unlock. `remove`: nothing in it is needed any more."""
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._file)


def dead_journals(where: Path | None = None) -> Iterator[DeadJournal]:
    """Every journal here whose worker has died, locked. The caller closes each."""
    for path in sorted((where or folder()).glob("*.journal")):
        try:
            file = os.open(path, os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            continue
        yield DeadJournal(path, file)


def living(label: str, where: Path | None = None) -> Record | None:
    """The content of the journal of a living worker of this machine; None when there is no such worker."""
    if not is_alive(label, where):
        return None
    with suppress(OSError):
        return _read(((where or folder()) / label.rpartition("/")[2]).read_bytes())
    return None


def is_alive(label: str, where: Path | None = None) -> bool | None:
    """Whether the worker of this journal lives on this machine; None when there is no such journal here."""
    try:
        file = os.open((where or folder()) / label.rpartition("/")[2], os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(file)


def _read(raw: bytes) -> Record:
    """What a journal's bytes say; a damaged one knows nothing and is not trusted."""
    if len(raw) < _HEAD_BYTES:
        return Record("", False, {})
    magic, regions, capacity, boot, worker = _FILE_HEAD.unpack_from(raw, 0)
    if magic != _MAGIC or capacity != CAPACITY or len(raw) < _HEAD_BYTES + regions * _REGION_BYTES:
        return Record("", False, {})
    leases: dict[tuple[int, int], tuple[Entry, ...]] = {}
    for index in range(regions):
        base = _HEAD_BYTES + index * _REGION_BYTES
        lease_id, epoch, count = _REGION_HEAD.unpack_from(raw, base)
        if lease_id and 0 <= count <= CAPACITY:
            leases[lease_id, epoch] = tuple(_entries(raw, base, count))
    trusted = boot.rstrip(b"\0").decode() == boot_id()
    return Record(worker.rstrip(b"\0").decode(), trusted, leases)


def _entries(raw: bytes, base: int, count: int) -> Iterator[Entry]:
    ids = struct.unpack_from(f"<{count}q", raw, base + _IDS)
    for slot, delivery_id in enumerate(ids):
        state = raw[base + _STATES + slot]
        known = State(state) if state in State._value2member_map_ else State.HANDED_OVER
        yield Entry(delivery_id, raw[base + _ATTEMPTS + slot], known)
