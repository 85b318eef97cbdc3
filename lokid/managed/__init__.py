"""An opt-in mirror of the local memory in managed stores, and councils of agents.

Off by default (``lokid/flags.py``): then nothing here is imported, nothing is
written, and nobody is spoken to.  Local memory is the truth; the mirror may be
late, partial or gone, and no answer is worse for it.

The path of a mirrored fact::

    durable event - shadow.py - child.py - (a pipe) - worker.py - api.py - a store
                                                 events - journal.py

and that of a question to a council::

    lokictl council run - beside.py - council.py - child.py - sessions.py - talking.py
       exit code and files (papers.py) - an outcome (verdicts.py) - verdicts

* ``api.py`` alone imports the SDK, and only in the child, which is killed when a
  clock of the daemon says so: the SDK takes 80 MB and its timeouts are no deadline
  (measured: a server that trickled held a call of 2 s for 9.8 s).
* ``journal.py`` alone writes ``.loki/managed/events.ndjson``; the child reports what
  it did and the daemon tells it.
* Automatic paths write episodes and verdicts only.  Patterns, skills and
  anti-patterns belong to an organisation and are read.
* A person's door is ``beside.py``; reading is ``reading.py``'s, which asks nobody.
"""
