"""Own the object store: files by name below one URL, of a folder or of an S3 bucket."""

import asyncio
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Self, TypeVar

import pyarrow as pa
import pyarrow.fs as pa_fs

from core.errors import InvalidInput, NotFound, SourceUnavailable

Result = TypeVar("Result")

_UNFINISHED = ".unfinished"
_SCHEMES = ("file", "s3")


class ObjectStore:
    """Keep files by name, such as `captures/cme/1.journal`; a name is whole or absent.

    Every method may be called again after a failure, and raises SourceUnavailable if the store
    does not do it, InvalidInput for a name that leaves the store.
    """

    def __init__(self, filesystem: pa_fs.FileSystem, root: str) -> None:
        self._filesystem = filesystem
        self._root = root

    @classmethod
    async def open(cls, url: str) -> Self:
        """Reach a store of `file:///folder` or `s3://bucket/prefix?region=…`.

        S3 takes its keys from where AWS's own tools look, or from `s3://key:secret@bucket`;
        `endpoint_override` and `scheme` name another server of the protocol.

        Raises:
            InvalidInput: the URL is of another kind, or not one.
            SourceUnavailable: the bucket's region was not given and could not be asked for.
        """
        scheme = url.partition("://")[0]
        if scheme not in _SCHEMES:
            raise InvalidInput(field="objects", reason=f"expected file:// or s3://, was {url!r}")
        try:
            filesystem, root = await _off_loop(lambda: pa_fs.FileSystem.from_uri(url))
        except pa.ArrowInvalid as error:
            raise InvalidInput(field="objects", reason=str(error)) from error
        if scheme == "s3" and not root:
            raise InvalidInput(field="objects", reason=f"expected s3://bucket, was {url!r}")
        return cls(filesystem, root.rstrip("/"))

    async def put(self, name: str, local_path: Path) -> None:
        """Store a copy of a file, in the place of what had the name."""
        target = self._path(name)
        await _off_loop(lambda: self._put(local_path, target))

    async def get(self, name: str, local_path: Path) -> None:
        """Copy a stored file to a path.

        Raises:
            NotFound: there is none of this name.
        """
        source = self._path(name)
        if not await _off_loop(lambda: self._get(source, local_path)):
            raise NotFound(what="Object", name=name)

    async def names(self, prefix: str = "") -> list[str]:
        """Return the names that start with a prefix, in order."""
        folder = prefix.rpartition("/")[0]
        base = self._path(folder) if folder else self._root
        return await _off_loop(lambda: self._names(base, prefix))

    def _path(self, name: str) -> str:
        if (
            not name
            or name != str(PurePosixPath(name))
            or {"..", "/"} & {*PurePosixPath(name).parts}
        ):
            raise InvalidInput(field="name", reason=f"expected a relative name, was {name!r}")
        return f"{self._root}/{name}"

    def _put(self, local_path: Path, target: str) -> None:
        if isinstance(self._filesystem, pa_fs.LocalFileSystem):
            # buckets have no folders that would have to be there first
            self._filesystem.create_dir(target.rpartition("/")[0])
        unfinished = f"{target}{_UNFINISHED}"
        pa_fs.copy_files(str(local_path), unfinished, pa_fs.LocalFileSystem(), self._filesystem)
        self._filesystem.move(unfinished, target)

    def _get(self, source: str, local_path: Path) -> bool:
        if self._filesystem.get_file_info(source).type != pa_fs.FileType.File:
            return False
        pa_fs.copy_files(source, str(local_path), self._filesystem, pa_fs.LocalFileSystem())
        return True

    def _names(self, base: str, prefix: str) -> list[str]:
        selector = pa_fs.FileSelector(base, recursive=True, allow_not_found=True)
        names = (
            info.path.removeprefix(f"{self._root}/")
            for info in self._filesystem.get_file_info(selector)
            if info.type == pa_fs.FileType.File
        )
        return sorted(
            name for name in names if name.startswith(prefix) and not name.endswith(_UNFINISHED)
        )


async def _off_loop(work: Callable[[], Result]) -> Result:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise SourceUnavailable(source="objects", reason=str(error)) from error
