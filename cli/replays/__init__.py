"""What `lokictl replay` is made of: a log told again, and policies asked in it.

``material.py`` says what happened (a log, or a history played through the
simulator), ``play.py`` tells it again turn by turn and asks a policy before each
iteration and each command, ``policies.py`` knows the policies, ``controls.py``
makes the commands that no check may fire on, ``report.py`` prints.  The counting
is pure and lies in ``projections/replay.py``.
"""
