"""Files from the network: found in a cache, else downloaded, checked, unpacked.

Downloads go through pooch, which checks the hash and moves a finished file into place in one
step. What this module adds: a broken download is kept beside its target (``NAME.part``) and goes
on where it stopped, in this process or a later one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from .. import config
from ..errors import FileError, InputError, KerataError
from .archives import extract_archive

TRIES = 5
"""Attempts in a row that bring no new byte before a download is given up."""
WAIT = 0.5
"""Seconds before the second attempt; each further wait is twice as long, 8 seconds at most."""
TIMEOUT = (10, 60)
"""Seconds to wait for a connection, and for the next bytes."""
_CHUNK = 1 << 16


class DownloadError(KerataError, OSError):
    """A file that could not be fetched. The message says where to put it by hand."""


def get_file(
    fname: str | os.PathLike | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | list[str] | tuple[str, ...] | None = "auto",
    cache_dir: str | os.PathLike | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file of the cache, downloaded from `origin` if it is not there yet.

    A copy in Keras's own cache (``$KERAS_HOME`` or ``~/.keras``) is used where there is one;
    downloads go to Kerata's (``$KERATA_HOME`` or ``~/.kerata``).

    Args:
        fname: Name in the cache; by default the last part of `origin`'s path.
        origin: Address of the file: ``https``, ``http``, ``ftp`` or ``file``.
        untar: Old spelling of ``extract=True, archive_format="tar"``.
        md5_hash: Old spelling of `file_hash` with ``hash_algorithm="md5"``.
        file_hash: Hexadecimal hash that the file must have.
        cache_subdir: Folder within the cache; an absolute path replaces the cache.
        hash_algorithm: ``"md5"``, ``"sha256"``, or ``"auto"`` to tell by the hash's length.
        extract: Unpack the file and return the folder. With an `fname` without a dot the folder
            has that name, else the name up to the dot and ``_extracted``.
        archive_format: ``"tar"`` (also compressed), ``"zip"``, a list of them, ``"auto"`` for both.
        cache_dir: Folder to use instead of the two caches.
        force_download: Fetch the file even if it is in the cache.

    Returns:
        The path of the file, or of the folder that it was unpacked to.

    Raises:
        DownloadError: The file could not be fetched.
        FileError: It has another hash, or is no archive, or its archive is unsafe.

    >>> path = get_file(origin="https://example.org/words.txt")  # doctest: +SKIP
    """
    if origin is None:
        raise InputError("get_file needs `origin`, the address to download from.")
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    known = _known_hash(file_hash, hash_algorithm)
    unpack = extract or untar
    name, folder_name = _names(fname, origin, unpack)
    homes = _homes(cache_dir)
    path = None if force_download else _cached(homes, cache_subdir, name, known)
    fresh = path is None
    if path is None:
        path = homes[-1] / cache_subdir / name
        _download(origin, path, known)
    if not unpack:
        return str(path)
    folder = path.parent / folder_name
    if fresh or not folder.is_dir():
        extract_archive(path, folder, "tar" if untar else archive_format)
    return str(folder)


def homes() -> list[Path]:
    """The cache folders in the order in which they are searched; new files go to the last.

    Keras's own comes first: ``$KERAS_HOME``, else ``~/.keras``.
    """
    keras = os.environ.get("KERAS_HOME")
    return [Path(keras).expanduser() if keras else Path.home() / ".keras", config.home()]


def _homes(cache_dir: str | os.PathLike | None) -> list[Path]:
    return homes() if cache_dir is None else [Path(cache_dir).expanduser()]


def _names(fname: str | os.PathLike | None, origin: str, unpack: bool) -> tuple[str, str]:
    """Name of the downloaded file and of the folder that it is unpacked to, as Keras names them."""
    name = os.fspath(fname) if fname else ""
    if not name:
        name = Path(urllib.request.url2pathname(urllib.parse.urlsplit(origin).path)).name
        if not name:
            raise InputError(f"The address {origin!r} ends in no file name: give `fname`.")
        return (f"{name}_archive", name) if unpack else (name, name)
    if "/" in name or os.sep in name or name in (".", ".."):
        raise InputError(
            f"fname={name!r} is a path; expected a bare file name. "
            "Choose the folder by cache_dir and cache_subdir."
        )
    if not unpack:
        return name, name
    if "." in name:
        return name, name[: name.find(".")] + "_extracted"
    return f"{name}_archive", name


# --- hashes -------------------------------------------------------------------------------------


def _known_hash(file_hash: str | None, algorithm: str) -> str | None:
    """The hash in pooch's notation, ``algorithm:digits``."""
    if file_hash is None:
        return None
    if algorithm == "auto":
        algorithm = "sha256" if len(file_hash) == 64 else "md5"
    if algorithm not in ("md5", "sha256"):
        raise InputError(f"hash_algorithm={algorithm!r}; expected 'auto', 'md5' or 'sha256'.")
    return f"{algorithm}:{file_hash.lower()}"


def _has_hash(path: Path, known: str | None) -> bool:
    if known is None:
        return True
    algorithm, _, digits = known.partition(":")
    with path.open("rb") as f:
        return hashlib.file_digest(f, algorithm).hexdigest() == digits


def _cached(homes: list[Path], subdir: str, name: str, known: str | None) -> Path | None:
    for home in homes:
        path = home / subdir / name
        if path.is_file():
            if _has_hash(path, known):
                return path
            _say(f"{path} is there, but it is damaged or another version: its hash differs.")
    return None


def _say(message: str) -> None:
    if config.is_interactive_logging_enabled():
        print(message, flush=True)
    else:
        logging.getLogger("kerata").info(message)


# --- downloading --------------------------------------------------------------------------------


def _download(url: str, path: Path, known: str | None) -> None:
    """Bring the file at `url` to `path`: whole and with the right hash, or not at all."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    _say(f"Downloading data from {url}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise DownloadError(
            f"The cache folder {path.parent} cannot be made: {e.strerror}. Choose another one with the "
            "environment variable KERATA_HOME, or with cache_dir=."
        ) from e
    for last in (False, True):
        downloader = _Downloader(path, keep=known is not None)
        staged = path.parent / f".{path.name}.{os.getpid()}"
        try:
            pooch.retrieve(url, known, staged.name, path.parent, downloader=downloader)
            os.replace(staged, path)
            return
        except ValueError as e:
            if "hash" not in str(e):
                raise
            # A file glued together out of two downloads is worth another, unbroken one.
            if downloader.resumed and not last:
                continue
            raise FileError(_wrong_hash(url, path, known)) from e
        except OSError as e:
            raise DownloadError(_unreachable(url, path, known, e)) from e


def _wrong_hash(url: str, path: Path, known: str | None) -> str:
    return (
        f"The file from {url} is not the expected one: its hash is not {known}. It was damaged on "
        f"the way, or has changed at its source. Nothing was kept.\nIf you have the right file, put it at {path}"
    )


def _unreachable(url: str, path: Path, known: str | None, error: BaseException) -> str:
    check = f" (its {known.replace(':', ' must be ')})" if known else ""
    if isinstance(error, OSError) and error.strerror and not _is_network(error):
        return f"{path} could not be written: {error.strerror}."
    return (
        f"Could not download {path.name.removesuffix('_archive')} from {url}: {_reason(error)}\n"
        f"Without a network: fetch that address on another machine and put the file at {path}{check}"
    )


def _is_network(error: BaseException) -> bool:
    import requests

    return isinstance(error, (requests.RequestException, ConnectionError, TimeoutError, _Broken))


def _reason(error: BaseException) -> str:
    text = str(error)
    if "NameResolution" in text or "Name or service not known" in text:
        return "the name of the server cannot be resolved (no network?)."
    if "refused" in text:
        return "the connection was refused."
    return text.rstrip(".") + "."


class _Broken(OSError):
    """The connection ended before the file did."""


class _Downloader:
    """Fetches an address into a file for pooch, through a ``.part`` file that outlives failures."""

    def __init__(self, target: Path, keep: bool) -> None:
        self.part = target.with_name(target.name + ".part")
        self.info = target.with_name(target.name + ".part.json")
        self.keep = keep  # a hash will tell whether a resumed file is right
        self.resumed = False

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        scheme = urllib.parse.urlsplit(url).scheme
        if scheme == "file":
            _copy_local(url, output_file)
        elif scheme in ("http", "https"):
            with self._staged(output_file) as part:
                self._fetch(url, part)
            self.info.unlink(missing_ok=True)
        else:
            from pooch import choose_downloader

            choose_downloader(url)(url, output_file, pooch)

    @contextlib.contextmanager
    def _staged(self, output_file: str) -> Iterator[IO[bytes]]:
        """The part file, moved to `output_file` if all goes well.

        Where another process is writing it, a second file that does not outlive a failure.
        """
        with self.part.open("ab") as part:
            if _lock(part):
                yield part
                _finish(part, output_file)
                return
        own = Path(output_file + ".part")
        try:
            with own.open("wb") as part:
                yield part
                _finish(part, output_file)
        finally:
            own.unlink(missing_ok=True)

    def _fetch(self, url: str, part: IO[bytes]) -> None:
        import requests
        import urllib3

        failures = 0
        while True:
            before = part.tell()
            try:
                with requests.Session() as session:
                    self._attempt(session, url, part)
                return
            except (requests.RequestException, urllib3.exceptions.HTTPError, _Broken) as e:
                part.flush()
                failures = 1 if part.tell() > before else failures + 1
                if failures >= self._tries(e):
                    self._drop_useless(part)
                    raise e if isinstance(e, OSError) else _Broken(str(e)) from e
            time.sleep(min(WAIT * 2 ** (failures - 1), 8.0))

    def _drop_useless(self, part: IO[bytes]) -> None:
        if part.tell() == 0 or not (self.keep or self._validator(None)):
            Path(part.name).unlink(missing_ok=True)
            self.info.unlink(missing_ok=True)

    @staticmethod
    def _tries(error: BaseException) -> int:
        """How often to try where the error is of this kind."""
        import requests

        if isinstance(error, requests.HTTPError) and error.response is not None:
            status = error.response.status_code
            return TRIES if status >= 500 or status in (408, 425, 429) else 1
        if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.SSLError)):
            return 1
        return 2 if "NameResolution" in str(error) or "refused" in str(error) else TRIES

    def _validator(self, url: str | None) -> str | None:
        """ETag or date of the version that the part file is of, as the server named it."""
        try:
            info = json.loads(self.info.read_text())
        except (OSError, ValueError):
            return None
        return info.get("validator") if url in (None, info.get("url")) else None

    def _attempt(self, session: Any, url: str, part: IO[bytes]) -> None:
        start = part.seek(0, os.SEEK_END)
        validator = self._validator(url)
        if start and not validator and not self.keep:
            start = _restart(part)
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if validator:
                headers["If-Range"] = validator
        with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == 416:
                if start and response.headers.get("Content-Range", "").endswith(f"/{start}"):
                    return
                _restart(part)
                raise _Broken(f"the server has nothing beyond byte {start}")
            response.raise_for_status()
            continued = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            if start and not (response.status_code == 206 and continued):
                start = _restart(part)
            self.resumed |= start > 0
            self._note(url, response)
            self._copy(response, part, start)

    def _note(self, url: str, response: Any) -> None:
        etag = response.headers.get("ETag", "")
        validator = (
            etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
        )
        self.info.write_text(json.dumps({"url": url, "validator": validator}))

    def _copy(self, response: Any, part: IO[bytes], start: int) -> None:
        length = response.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else None
        with _progress(self.part.name.removesuffix(".part"), start, total) as advance:
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                part.write(chunk)
                advance(len(chunk))
        if total is not None and part.tell() != total:
            raise _Broken(f"the connection ended after {part.tell()} of {total} bytes")


def _copy_local(url: str, output_file: str) -> None:
    path = urllib.request.url2pathname(urllib.parse.urlsplit(url).path)
    if not os.path.isfile(path):
        raise _Broken("there is no such file")
    os.unlink(output_file)
    shutil.copyfile(path, output_file)


def _finish(part: IO[bytes], output_file: str) -> None:
    part.flush()
    os.fsync(part.fileno())
    if os.name == "nt":  # an open file cannot be renamed there
        part.close()
    os.replace(part.name, output_file)


def _restart(part: IO[bytes]) -> int:
    part.seek(0)
    part.truncate()
    return 0


def _lock(file: IO[bytes]) -> bool:
    """Whether this process now is the only one to write `file`."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    # The other process may have finished, and moved the file away, since it was opened.
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(file.fileno()), os.stat(file.name))
    return False


@contextlib.contextmanager
def _progress(name: str, start: int, total: int | None) -> Iterator[Any]:
    """A bar on the terminal that the yielded function advances by a number of bytes."""
    from rich import console, progress

    terminal = console.Console()
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    shown = terminal.is_terminal and config.is_interactive_logging_enabled()
    with progress.Progress(*columns, console=terminal, disable=not shown, transient=True) as bar:
        task = bar.add_task(name, total=total, completed=start)
        yield lambda n: bar.advance(task, n)
