"""What the fork server of ``lethe.execution.forked`` imports when it starts; it alone imports this module.

The server of the standard library is told what to do by names of modules, so this one works while it is imported.
"""

from __future__ import annotations

import os

from lethe.execution.child import MODULES, preload

preload(os.environ[MODULES].split())
