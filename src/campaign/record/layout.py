"""Where things lie in the storage root, and which names are refused.

OCFL 1.1: https://ocfl.io/1.1/spec/ · extension 0003:
https://ocfl.github.io/extensions/0003-hash-and-id-n-tuple-storage-layout.html
"""

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePosixPath
from urllib.parse import unquote

from campaign.core.errors import Invalid

EXTENSION = "0003-hash-and-id-n-tuple-storage-layout"
OBJECT_DECLARATION = "0=ocfl_object_1.1"
OBJECT_DECLARATION_TEXT = b"ocfl_object_1.1\n"
INVENTORY = "inventory.json"
SIDECAR = "inventory.json.sha512"
TUPLE = re.compile(r"[0-9a-f]{3}")
TUPLES = 3
MAX_NAME = 255  # bytes in one path segment; the limit of ext4, XFS, APFS and NTFS alike

README = """\
이 폴더는 보존 기록입니다. 특별한 프로그램 없이 읽을 수 있습니다.
This folder is an archive. It can be read without the program that wrote it.
Эта папка — архив. Его можно читать без программы, которая его создала.

[한국어]
구조는 OCFL 1.1 (https://ocfl.io/1.1/spec/) 입니다. 폴더 "0=ocfl_object_1.1" 파일이 있는 곳이 기록 하나(객체)입니다.
1. 객체의 inventory.json 을 텍스트로 엽니다. "head" 는 마지막 판(v1, v2 …), "state" 는 그 판에 있는 파일의 이름입니다.
2. 이름 앞의 긴 값(SHA-512)을 "manifest" 에서 찾으면 실제 파일의 경로가 나옵니다.
3. 변조 확인: 객체 폴더에서  sha512sum -c inventory.json.sha512 ; manifest 의 값은 sha512sum 의 결과와 같아야 합니다.
record.jsonld: 게시물 (ActivityStreams 2.0 JSON). events.jsonl: 있었던 일 (PREMIS).
*.warc.gz: 플랫폼과 주고받은 바이트 (WARC).

[English]
The structure is OCFL 1.1 (https://ocfl.io/1.1/spec/). Each folder with a file "0=ocfl_object_1.1" is a record (object).
1. Open the object's inventory.json as text. "head" is the last version (v1, v2 …); "state" names the files it holds.
2. Look up the long value (SHA-512) before a name in "manifest": there is the path of the file itself.
3. To see that nothing was changed: in the object's folder  sha512sum -c inventory.json.sha512 ; each value in
   "manifest" must equal what sha512sum prints for the file.
record.jsonld: the post (ActivityStreams 2.0 JSON). events.jsonl: what happened (PREMIS). *.warc.gz: the bytes exchanged
with the platform (WARC).

[Русский]
Структура — OCFL 1.1 (https://ocfl.io/1.1/spec/). Каждая папка с файлом "0=ocfl_object_1.1" — одна запись (объект).
1. Откройте inventory.json объекта как текст. "head" — последняя версия (v1, v2 …), "state" — имена её файлов.
2. Найдите длинное значение (SHA-512), стоящее перед именем, в "manifest": там указан путь к самому файлу.
3. Проверка неизменности: в папке объекта  sha512sum -c inventory.json.sha512 ; каждое значение в "manifest" должно
   совпадать с тем, что выводит sha512sum для файла.
record.jsonld: публикация (ActivityStreams 2.0 JSON). events.jsonl: что произошло (PREMIS). *.warc.gz: байты обмена
с платформой (WARC).
"""

_LAYOUT = {"extension": EXTENSION, "description": "Hash tuples of the object id, then the percent-encoded id itself"}
_CONFIG = {"extensionName": EXTENSION, "digestAlgorithm": "sha256", "tupleSize": 3, "numberOfTuples": TUPLES}


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


# The declaration is written last: a crash before it leaves a folder that create() completes. OCFL 1.1 §4.1 allows
# other files (README.txt) as direct children of the root.
ROOT_FILES: dict[str, bytes] = {
    "README.txt": README.encode(),
    f"extensions/{EXTENSION}/config.json": _text(_CONFIG),
    "ocfl_layout.json": _text(_LAYOUT),
    "0=ocfl_1.1": b"ocfl_1.1\n",
}

# What README.txt said in earlier releases stays as good as what it says now: add the digest here when the text changes.
READMES: frozenset[str] = frozenset({sha256(README.encode()).hexdigest()})


def object_path(object_id: str) -> PurePosixPath:
    """Return where an object lies, relative to the root (extension 0003, "Algorithm").

    >>> str(object_path("object-01"))
    '3c0/ff4/240/object-01'
    """
    digest = sha256(object_id.encode()).hexdigest()
    name = "".join(
        char if re.fullmatch(r"[A-Za-z0-9_-]", char) else "".join(f"%{byte:02x}" for byte in char.encode())
        for char in object_id
    )
    name = name if len(name) <= 100 else f"{name[:100]}-{digest}"
    return PurePosixPath(digest[0:3], digest[3:6], digest[6:9], name)


def object_at(path: str) -> str | None:
    """Return the id of the object that lies here, or below whose folder this is; None where none can lie.

    >>> object_at("3c0/ff4/240/object-01/v1/inventory.json")
    'object-01'
    """
    parts = path.split("/")
    if len(parts) <= TUPLES:
        return None
    object_id = unquote(parts[TUPLES], errors="replace")
    return object_id if str(object_path(object_id)) == "/".join(parts[: TUPLES + 1]) else None


def check_object_id(object_id: str) -> None:
    """Refuse an id that is not a URI (OCFL 1.1 §3.5.1: SHOULD be a URI) or that would climb if it were a path."""
    uri = re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f]+", object_id)
    if not uri or not _encodable(object_id) or ".." in re.split(r"[/:\\]", object_id):
        raise Invalid("object id", object_id, "must be a URI, as urn:uuid:…")


def check_logical_path(path: str) -> None:
    """Refuse a path that is absolute, climbs, or cannot be a file name everywhere (OCFL 1.1 §3.5.2, §3.5.3.1)."""
    if reason := path_fault(path):
        raise Invalid("file name in the archive", path, reason)


def check_logical_paths(paths: Iterable[str]) -> None:
    """Refuse a set of paths in which one is both a file and a folder (OCFL 1.1 §3.5.3.1, E095)."""
    if reason := clash(paths):
        raise Invalid("file name in the archive", reason, "is both a file and a folder")


def path_fault(path: str) -> str | None:
    """Return why a logical or content path is no good, or None."""
    if not path or path.startswith("/") or path.endswith("/"):
        return "must be a relative path of a file"
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "must not hold empty segments, '.' or '..'"
    if not _encodable(path) or any(ord(char) < 32 or ord(char) == 127 for char in path):
        return "must be text without control characters"
    if any(len(part.encode()) > MAX_NAME for part in path.split("/")):
        return f"must not hold a name longer than {MAX_NAME} bytes"
    return None


def clash(paths: Iterable[str]) -> str | None:
    """Return a path that is a file and a folder at once, or None."""
    known = set(paths)
    for path in known:
        parts = path.split("/")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) in known:
                return "/".join(parts[:end])
    return None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
