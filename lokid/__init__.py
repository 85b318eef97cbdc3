"""lokid: the failure memory of a workspace in which a coding agent loops.

The kernel: events, log, sources, ingest, server, schedule.  It knows no
projection and no command; ``cli`` hands them over.  Open ``events.py`` first.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
