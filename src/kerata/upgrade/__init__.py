"""``kerata upgrade``: programs of every era in today's spelling. It needs libcst: the extra ``upgrade``."""

from __future__ import annotations
