"""Disks that break, fill, lose and refuse: the rows of this family."""

from __future__ import annotations

import disk_cut
import disk_denied
import disk_eio
import disk_full
import disk_full_daemon
import disk_order
from table import Row

ROWS: tuple[Row, ...] = (
    *disk_cut.ROWS,
    *disk_eio.ROWS,
    *disk_order.ROWS,
    *disk_full.ROWS,
    *disk_full_daemon.ROWS,
    *disk_denied.ROWS,
)
