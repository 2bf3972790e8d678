"""File formats, atomic writing and provenance."""

from __future__ import annotations

import errno
import json
import math
import os
import platform
import shutil
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import h5py
import numpy as np
import pandas as pd
from pydantic import BeforeValidator, TypeAdapter, ValidationError

Typed = TypeVar("Typed")
Number = Annotated[float, BeforeValidator(lambda v: math.nan if v is None else v)]
"""A number that JSON holds as null where it is not finite."""


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name only when all went well.

    The file gets the access rights of any new file in that folder, whatever its writer thinks:
    safetensors, for one, would let nobody but its owner read it.

    Parameters
    ----------
    path : Path
        The final name; its folder is made if missing.

    Yields
    ------
    Path
        Where to write, with the same suffix.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.stem}.{platform.node()}-"
    for leftover in path.parent.glob(f"{prefix}*{path.suffix}"):  # of a killed process
        owner = leftover.name[len(prefix) : len(leftover.name) - len(path.suffix)]
        if owner.isdigit() and not _lives(int(owner)):
            leftover.unlink(missing_ok=True)
    temporary = path.with_name(f"{prefix}{os.getpid()}{path.suffix}")
    try:
        temporary.touch()
        rights = stat.S_IMODE(temporary.stat().st_mode)
        temporary.unlink()  # so that nothing written is an error, not an empty file
        yield temporary
        temporary.chmod(rights)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class DamagedFileError(ValueError):
    """A file of ours that cannot be read or does not hold what was written."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(
            f"{path}: damaged or incomplete ({reason}); delete it and run again, "
            "the workflow makes it again"
        )


def _digest(name: str, values: np.ndarray) -> int:
    """CRC-32 of an array with its name, type and shape; finds any flipped bit."""
    label = f"{name} {values.dtype.str} {values.shape}".encode()
    return zlib.crc32(
        np.ascontiguousarray(values).reshape(-1).view(np.uint8).data, zlib.crc32(label)
    )


def _store(h5: h5py.File, name: str, values: np.ndarray) -> None:
    """Write one array with its digest."""
    dataset = h5.create_dataset(name, data=values)
    dataset.attrs["crc32"] = _digest(name, values)


def _fetch(path: Path | str, dataset: h5py.Dataset) -> np.ndarray:
    """Read one array and compare its digest.

    Raises
    ------
    DamagedFileError
        If it is not what was written.
    """
    return _verified(path, dataset, dataset[...])


def _verified(path: Path | str, dataset: h5py.Dataset, values: np.ndarray) -> np.ndarray:
    """The values of a dataset, if their digest is the one that was written."""
    name = dataset.name.lstrip("/")
    if dataset.attrs.get("crc32") != _digest(name, values):
        raise DamagedFileError(path, f"checksum of '{name}' does not match")
    return values


@contextmanager
def reading(path: Path | str) -> Iterator[h5py.File]:
    """An HDF5 file of ours; whatever HDF5 cannot make sense of is a `DamagedFileError`."""
    try:
        with h5py.File(path) as h5:
            yield h5
    except FileNotFoundError:
        raise
    except (OSError, KeyError, RuntimeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DamagedFileError(path, " ".join(str(error).split())) from error


def by_number(items: Mapping[str, Any]) -> list[Any]:
    """Values in the order of the numbers that their names end in.

    HDF5 lists `10000` between `1000` and `1001`.
    """
    return [items[name] for name in sorted(items, key=lambda name: (len(name), name))]


def write_arrays(
    path: Path | str, arrays: dict[str, np.ndarray], attributes: dict[str, Any] | None = None
) -> None:
    """Arrays by slash-separated name, each with its digest; attributes as JSON.

    Raises
    ------
    OSError
        ENOSPC before anything is written, because HDF5 takes a full disk badly.
    """
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < sum(np.asarray(v).nbytes for v in arrays.values()):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as h5:
        for name, values in arrays.items():
            values = np.asarray(values)
            _store(h5, name, values.astype("S") if values.dtype.kind == "U" else values)
        text = json.dumps(attributes or {}, sort_keys=True)
        h5.attrs["attributes"] = text
        h5.attrs["crc32"] = zlib.crc32(text.encode())


def read_arrays(path: Path | str, under: str = "") -> dict[str, np.ndarray]:
    """All arrays below a group, by their name from there, in order of names.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written.
    """
    found: dict[str, np.ndarray] = {}

    def collect(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            values = _fetch(path, item)
            found[name] = values.astype("U") if values.dtype.kind == "S" else values

    with reading(path) as h5:
        if not under or under in h5:
            (h5[under] if under else h5).visititems(collect)
    return found


def map_arrays(path: Path | str, under: str) -> dict[str, np.ndarray]:
    """As `read_arrays`, for numbers only, with the file mapped into memory instead of read.

    Changes to an array stay in memory.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written.
    """
    found: dict[str, np.ndarray] = {}

    def collect(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            offset = item.id.get_offset()  # None where nothing is stored in one piece
            if offset is None:
                found[name] = _fetch(path, item)
            else:
                mapped = np.memmap(path, item.dtype, "c", offset, item.shape)
                found[name] = _verified(path, item, np.asarray(mapped))

    with reading(path) as h5:
        if under in h5:
            h5[under].visititems(collect)
    return found


def read_attributes(path: Path | str) -> dict[str, Any]:
    """Attributes written by `write_arrays`.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written.
    """
    with reading(path) as h5:
        text = h5.attrs["attributes"]
        if h5.attrs["crc32"] != zlib.crc32(text.encode()):
            raise DamagedFileError(path, "checksum of its attributes does not match")
        return json.loads(text)


def write_table(
    path: Path | str,
    table: pd.DataFrame,
    arrays: dict[str, np.ndarray],
    attributes: dict[str, Any] | None = None,
) -> None:
    """A table, one array a column below `table/`, with further arrays."""
    columns = {f"table/{name}": table[name].to_numpy() for name in table}
    text = {k: v.astype("U") for k, v in columns.items() if v.dtype.kind not in "fiub"}
    write_arrays(path, arrays | columns | text, (attributes or {}) | {"columns": list(table)})


def read_table(path: Path | str) -> pd.DataFrame:
    """The table written by `write_table`."""
    arrays = read_arrays(path, "table")
    return pd.DataFrame({name: arrays[name] for name in read_attributes(path)["columns"]})


def write_parquet(path: Path | str, table: pd.DataFrame) -> None:
    """A table as Parquet with a checksum on each page."""
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False, write_page_checksum=True)


def read_parquet(path: Path | str) -> pd.DataFrame:
    """The inverse of `write_parquet`.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written.
    """
    try:
        return pd.read_parquet(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise DamagedFileError(path, " ".join(str(error).split())) from error


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_text(path: Path | str, text: str) -> None:
    """A text file, in UTF-8 wherever it is written."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_text(path: Path | str) -> str:
    """The inverse of `write_text`."""
    return Path(path).read_text(encoding="utf-8")


def write_json(path: Path | str, content: Any) -> None:
    """Sorted, indented, strict JSON: numbers that are not finite become null."""
    text = json.dumps(_strict(content), indent=2, sort_keys=True, allow_nan=False)
    write_text(path, f"{text}\n")


def read_json(path: Path | str) -> Any:
    """The inverse of `write_json`.

    Raises
    ------
    DamagedFileError
        If the file is no JSON.
    """
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise DamagedFileError(path, str(error)) from error


def write_typed(path: Path | str, value: Any) -> None:
    """A dataclass, or a tuple of them, as JSON."""
    write_json(path, TypeAdapter(type(value)).dump_python(value, mode="json"))


def read_typed(kind: type[Typed], path: Path | str) -> Typed:
    """The inverse of `write_typed`.

    Raises
    ------
    DamagedFileError
        If the file holds something else.
    """
    return _as_typed(kind, path, read_json(path))


def _as_typed(kind: type[Typed], path: Path | str, content: Any) -> Typed:
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        raise DamagedFileError(path, f"not a {kind.__name__}") from error


def _record_digest(content: dict[str, Any]) -> int:
    """CRC-32 of a record without its own digest."""
    text = json.dumps({k: v for k, v in content.items() if k != "crc32"}, sort_keys=True)
    return zlib.crc32(text.encode())


def write_record(path: Path | str, value: Any) -> None:
    """As `write_typed`, of one dataclass, with a digest as the key `crc32`."""
    content = _strict(TypeAdapter(type(value)).dump_python(value, mode="json"))
    write_json(path, content | {"crc32": _record_digest(content)})


def read_record(kind: type[Typed], path: Path | str) -> Typed:
    """The inverse of `write_record`.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written.
    """
    content = read_json(path)
    if not isinstance(content, dict) or content.get("crc32") != _record_digest(content):
        raise DamagedFileError(path, "its checksum does not match")
    return _as_typed(kind, path, content)
