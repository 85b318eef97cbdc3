"""From files to appended events: one corridor, three doors.

Watching is a hint, reconciling is the truth.  A watcher loses files silently
(queue overflow, a directory created and filled at once, a directory replaced,
one name that is not UTF-8: measured, 143 of 150 first crashes of a fresh
workspace were never reported), so it only wakes the corridor; a timed job
reconciles, and every consistent read scans first.  All three feed the same
`Scanner`, and the idempotency key makes a second delivery a no-op.

* ``files``: opens nothing through a symbolic link, nothing but regular files.
* ``hints``: what was read up to where; deleting it costs time, never truth.
* ``index``: what the log already holds, from the log alone.
* ``readers``: how each mode of source is read again.
* ``pipeline``: redact, key, deduplicate, sort, append, fold.
* ``pending``: what is not whole yet.
* ``scan``: one pass over all sources, effects before causes.
* ``watch``: the hint.
"""
