"""The station's records of `okng certify`.

<state_dir>/certified/<hash of the package>.json    the last finding for a package, sealed
<state_dir>/certified/key                           the seal's secret, readable by the station's user alone
"""

from __future__ import annotations

from pathlib import Path

from appliance.errors import NotThere
from appliance.store.station_key import KeyDamaged, StationKey, read_plain_file
from models.certification import Finding, Place, Record, read_record, sealed, why_not
from models.durable import write_atomically
from models.errors import RecordError

_MAX_RECORD_BYTES = 1 << 20


class CertifiedRecords:
    """`models.certification.Certificates` on disk; whatever is wrong with a record, it does not count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = StationKey(folder)

    def why_not(self, place: Place) -> str | None:
        path = self._path(place.package)
        try:
            key, content = self._key.read(), read_plain_file(path, _MAX_RECORD_BYTES)
        except FileNotFoundError:
            return f"the package does not list {place.runtime} on {place.instruction_set}, nor was it certified here"
        except OSError as error:
            return f"{error.filename or path} cannot be read ({error.strerror})"
        except KeyDamaged as error:
            return str(error)
        try:
            return why_not(read_record(content, key), place)
        except RecordError as error:
            return f"{path}: {error}"

    def write(self, finding: Finding) -> Path:
        """Replace the package's record by this finding, passed or refused.

        Raises:
            NotThere: the folder cannot be written.
        """
        path = self._path(finding.package)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            record: Record = sealed(finding, self._key.ensure())
            write_atomically(path, record.to_bytes())
        except OSError as error:
            raise self._not_writable(error) from error
        return path

    def remove(self, package: str) -> None:
        """Forget what was found for a package.

        Raises:
            NotThere: the record is there and cannot be removed.
        """
        try:
            self._path(package).unlink(missing_ok=True)
        except OSError as error:
            raise self._not_writable(error) from error

    def _path(self, package: str) -> Path:
        return self._folder / f"{package.removeprefix('sha256:')}.json"

    def _not_writable(self, error: OSError) -> NotThere:
        return NotThere(
            f"the records in {self._folder} cannot be written ({error.strerror}); run okng certify as the station's "
            "user, or correct [station] state_dir"
        )
