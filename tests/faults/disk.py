"""Disks that break, fill, lose and refuse: the rows of this family."""

from __future__ import annotations

import disk_cut
import disk_eio
import disk_order
from table import Row

ROWS: tuple[Row, ...] = (*disk_cut.ROWS, *disk_eio.ROWS, *disk_order.ROWS)
