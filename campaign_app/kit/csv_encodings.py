"""Which eight-bit or East Asian encoding a file may be written in: candidates with samples, the likeliest first.

No file says which one it is. A candidate is likely when its words look like words: letters of one script, accents that
one language has together, capitals in front. Candidates that read every byte of the file alike are one candidate.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_MOST_CELLS = 5_000
_CELL_BYTES = 200
_MARGIN = 0.1
_LIKELY = 0.5
_SHOWN = 6
_SAMPLES = 4
_CUT = re.compile(rb"[,;\t|\"\r\n]+")
_CONTROL = re.compile("[\x80-\x9f]")
_ACCENTED_AT_MOST = 0.6


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec of Python, its name for people, and the accented letters of each language that is written in it."""

    codec: str
    label: str
    alphabets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An encoding that can read the file, and cells of the file as it reads them."""

    codec: str
    label: str
    samples: tuple[str, ...]


_GERMAN, _FRENCH = "äöüß", "àâæçéèêëîïôœùûüÿ"
_WESTERN = (
    _GERMAN, _FRENCH, "áéíñóúü", "àáâãçéêíóôõú", "àèéìòù", "äåéö", "æåéøö", "áðéíóúýþæö", "àèéïëêéü", "àçèéíïòóúü"
)  # fmt: skip
_CENTRAL = (_GERMAN, "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "çë")
_CYRILLIC = (
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "абвгдђежзијклљмнњопрстћуфхцчџш"
)  # fmt: skip
_TURKISH, _BALTIC, _GREEK = (
    ("çğıöşüâî",),
    ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
    ("αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ",),
)

ENCODINGS = (
    Encoding("cp1252", "Western European (Windows)", _WESTERN),
    Encoding("cp1250", "Central European (Windows)", _CENTRAL),
    Encoding("cp1251", "Cyrillic (Windows)", _CYRILLIC),
    Encoding("cp1254", "Turkish (Windows)", (*_TURKISH, _GERMAN)),
    Encoding("cp1253", "Greek (Windows)", _GREEK),
    Encoding("cp1257", "Baltic (Windows)", _BALTIC),
    Encoding("iso8859_15", "Western European (ISO)", _WESTERN),
    Encoding("iso8859_2", "Central European (ISO)", _CENTRAL),
    Encoding("koi8_u", "Cyrillic (KOI8)", _CYRILLIC),
    Encoding("cp866", "Cyrillic (DOS)", _CYRILLIC),
    Encoding("mac_cyrillic", "Cyrillic (Mac)", _CYRILLIC),
    Encoding("mac_roman", "Western European (Mac)", _WESTERN),
    Encoding("mac_latin2", "Central European (Mac)", _CENTRAL),
    Encoding("cp850", "Western European (DOS)", _WESTERN),
    Encoding("cp852", "Central European (DOS)", _CENTRAL),
    Encoding("iso8859_7", "Greek (ISO)", _GREEK),
    Encoding("cp1255", "Hebrew (Windows)", ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",)),
    Encoding(
        "cp1256",
        "Arabic (Windows)",
        ("ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةىپچژکگ\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652",),
    ),
    Encoding("cp932", "Japanese (Shift JIS)"),
    Encoding("euc_jp", "Japanese (EUC)"),
    Encoding("gb18030", "Chinese, simplified"),
    Encoding("big5", "Chinese, traditional"),
    Encoding("cp949", "Korean"),
)
"""In the order in which they are proposed where nothing else decides."""
LABELS = {one.codec: one.label for one in ENCODINGS} | {
    "utf-8": "Unicode (UTF-8)",
    "utf-8-sig": "Unicode (UTF-8)",
    "utf-16": "Unicode (UTF-16)",
    "utf-16-le": "Unicode (UTF-16)",
    "utf-16-be": "Unicode (UTF-16)",
    "utf-32": "Unicode (UTF-32)",
    "latin-1": "Western European (ISO)",
}
_MULTIBYTE = frozenset({"cp932", "euc_jp", "gb18030", "big5", "cp949"})


class Evidence:
    """What a file's bytes beyond ASCII are; fed line by line, of flat size."""

    def __init__(self) -> None:
        self.bytes: set[int] = set()
        self._cells: dict[bytes, None] = {}

    def add(self, line: bytes) -> None:
        """Note a line that is not ASCII."""
        self.bytes.update(line.translate(None, _ASCII))
        if len(self._cells) < _MOST_CELLS:
            for cell in _CUT.split(line):
                if not cell.isascii() and len(cell) <= _CELL_BYTES:
                    self._cells[cell.strip()] = None

    def candidates(self) -> tuple[Candidate, ...]:
        """The likely encodings, best first; one alone means that nothing else reads the file as words."""
        found = [(self._score(one, cells), one, cells) for one, cells in self._readable()]
        best = max((score for score, _, _ in found), default=0.0)
        margin = max(_MARGIN, 1 / max(len(self._cells), 1))  # a few names prove little
        likely = [row for row in found if row[0] == best or row[0] > max(best - margin, _LIKELY)]
        likely.sort(key=lambda row: -row[0])
        return tuple(Candidate(one.codec, one.label, _samples(cells)) for _, one, cells in likely[:_SHOWN])

    def _readable(self) -> Iterable[tuple[Encoding, list[str]]]:
        seen: set[str] = set()
        for one in ENCODINGS:
            try:
                cells = [cell.decode(one.codec) for cell in self._cells]
                read = "\n".join(cells) if one.codec in _MULTIBYTE else bytes(sorted(self.bytes)).decode(one.codec)
            except UnicodeDecodeError:
                continue
            if read not in seen and not _CONTROL.search(read):
                seen.add(read)
                yield one, cells

    @staticmethod
    def _score(one: Encoding, cells: Sequence[str]) -> float:
        """The share of cells that read like words; files in which one language has every accent come first."""
        good = [alphabets for cell in cells if (alphabets := _fitting(cell, one.alphabets)) is not None]
        if not cells:
            return 0.0
        together = max((sum(number in found for found in good) for number in range(len(one.alphabets))), default=0)
        return (len(good) + (together if one.alphabets else len(good))) / (2 * len(cells))


_ASCII = bytes(range(128))


def _samples(cells: Sequence[str]) -> tuple[str, ...]:
    names = [cell for cell in cells if len(cell) <= 40] or [cell[:40] for cell in cells]
    return tuple(names[:_SAMPLES])


def _fitting(cell: str, alphabets: tuple[str, ...]) -> frozenset[int] | None:
    """The languages (positions in `alphabets`) that have every accent of the cell; None when it is no text."""
    fitting = frozenset(range(len(alphabets)))
    for word in re.split(r"[\s\x21-\x40\x5b-\x60\x7b-\x7e\u00a0\u2010-\u2026]+", cell):
        if not word or word.isascii() or word in _SIGNS:
            continue
        if not _is_word(word):
            return None
        accents = frozenset(word.lower()) - _LETTERS
        if alphabets:
            fitting &= _having(accents, alphabets)
            if not _having(accents, alphabets):
                return None
    return fitting


_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")


@lru_cache(maxsize=20_000)
def _having(accents: frozenset[str], alphabets: tuple[str, ...]) -> frozenset[int]:
    return frozenset(number for number, alphabet in enumerate(alphabets) if accents <= frozenset(alphabet))


def _is_word(word: str) -> bool:
    """Letters of one script, capitals in front or throughout, not mostly accents."""
    if not all(unicodedata.category(sign)[0] == "L" or unicodedata.category(sign) == "Mn" for sign in word):
        return False
    scripts = {_script(sign) for sign in word} - {""}
    if len(scripts) > 1:
        return False
    rest = word[1:]
    if not (rest == rest.lower() or word == word.upper() or word.isascii()):
        return False
    if scripts == {"LATIN"}:
        accented = sum(not sign.isascii() for sign in word)
        return len(word) < 3 or accented <= _ACCENTED_AT_MOST * len(word)
    return "GREEK" not in scripts or _is_greek(word)


_SIGNS = frozenset("€£©®™°§·«»„“”‘’–—…•²³½¼")


def _is_greek(word: str) -> bool:
    stressed = sum(sign in "άέήίόύώΐΰΆΈΉΊΌΎΏ" for sign in word)
    return stressed <= 1 and "ς" not in word[:-1] and not word.endswith("σ") and word[0] not in "ΐΰς"


@lru_cache(maxsize=5_000)
def _script(sign: str) -> str:
    name = unicodedata.name(sign, "")
    script = name.split(" ", 1)[0].removesuffix("-")
    return "CJK" if script in {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH", "IDEOGRAPHIC"} else script
