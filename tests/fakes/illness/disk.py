"""Faults of the disk and of the journal on it."""

from __future__ import annotations

import os
import subprocess

import numpy as np

from tests.fakes.illness.table import fault, make_journal
from tests.fakes.mosquitto import free_port
from tests.fakes.ward import Ward


@fault("disk_space", "fail", "MB free")
def a_full_disk(ward: Ward) -> None:
    ward.with_machine(disk=lambda path: disk(free_mb=10))


@fault("disk_space", "warn", "pictures and evidence may still take")
def a_disk_too_small_for_the_pictures(ward: Ward) -> None:
    ward.configure(archive={"quota_mb": 5000})
    ward.with_machine(disk=lambda path: disk(free_mb=3000))


@fault("disk_inodes", "fail", "df -i")
def no_more_files(ward: Ward) -> None:
    ward.with_machine(disk=lambda path: disk(free_files=3))


@fault("disk_inodes", "warn", "df -i")
def few_more_files(ward: Ward) -> None:
    ward.with_machine(disk=lambda path: disk(free_files=30))


@fault("disk_write", "fail", "cannot be written")
def a_disk_that_takes_nothing(ward: Ward) -> None:
    mount(ward, "size=4k,nr_inodes=4")
    (ward.state.root / "filler").write_bytes(bytes(4096))


@fault("disk_write", "fail", "Read-only")
def a_read_only_disk(ward: Ward) -> None:
    mount(ward, "ro")


@fault("disk_write", "warn", "faster disk")
def a_slow_disk(ward: Ward) -> None:
    ward.with_machine(monotonic=iter(np.arange(0, 10, 0.1).tolist()).__next__)


@fault("disk_kind", "fail", "nfs4")
def a_network_disk(ward: Ward) -> None:
    ward.kernel(
        "proc/self/mountinfo", f"1 0 0:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:2 / {ward.folder} rw - nfs4 srv:/x rw\n"
    )


@fault("disk_kind", "warn", "switched off")
def a_disk_in_memory(ward: Ward) -> None:
    ward.kernel("proc/self/mountinfo", f"2 1 0:2 / {ward.folder} rw - tmpfs tmpfs rw\n")


@fault("disk_kind", "warn", "SD card")
def an_sd_card(ward: Ward) -> None:
    ward.kernel("proc/self/mountinfo", "2 1 0:2 / / rw - ext4 /dev/mmcblk0p2 rw\n")


@fault("disk_kind", "unknown", "findmnt")
def a_kernel_that_names_no_disk(ward: Ward) -> None:
    ward.kernel("proc/self/mountinfo", "")


@fault("data_set", "fail", "mount its disk")
def a_data_set_on_a_disk_that_is_not_there(ward: Ward) -> None:
    collect(ward, "none/parts")


@fault("data_set", "fail", "free space")
def a_data_set_on_a_full_disk(ward: Ward) -> None:
    collect(ward, "parts")
    ward.with_machine(disk=lambda path: disk(free_mb=500))


@fault("journal", "fail", "not whole")
def a_journal_with_a_torn_page(ward: Ward) -> None:
    make_journal(ward, rows=300)
    with ward.state.journal.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(os.urandom(3 * 4096))


@fault("journal", "fail", "not whole")
def a_journal_that_is_none(ward: Ward) -> None:
    ward.state.journal.write_bytes(b"no data base at all" * 500)


@fault("outbox", "warn", "[mqtt]")
def results_owed_to_nobody(ward: Ward) -> None:
    make_journal(ward, owed=3)


@fault("outbox", "fail", "5 results wait")
def an_outbox_that_is_full(ward: Ward) -> None:
    make_journal(ward, owed=5, size=300_000)
    ward.configure(mqtt={"enabled": True, "outbox_max_mb": 1, "port": free_port()})


@fault("outbox", "unknown", "cannot be read")
def an_outbox_in_a_broken_journal(ward: Ward) -> None:
    a_journal_that_is_none(ward)


@fault("quarantine", "warn", "station.db.unreadable-17")
def a_journal_put_aside(ward: Ward) -> None:
    (ward.state.root / "station.db.unreadable-17").touch()


def disk(*, free_mb: int = 50_000, free_files: int = 1000) -> os.statvfs_result:
    return os.statvfs_result(
        (4096, 4096, 10**8, 10**8, free_mb * 1_000_000 // 4096, 1000, free_files, free_files, 0, 255)
    )


def collect(ward: Ward, data_set: str) -> None:
    ward.configure(recipe={"mode": "collect"}, collect={"data_set": ward.folder / data_set})


def mount(ward: Ward, options: str) -> None:
    """A file system of its own at the state directory."""
    root = ward.state.root
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", root], check=True)
    ward.leaving.callback(subprocess.run, ["umount", root], check=True)
