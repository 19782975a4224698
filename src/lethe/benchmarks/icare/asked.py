"""That a table is an estimate from some receivers stands in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.settings.receivers import ALL

if TYPE_CHECKING:
    import pandas as pd

ASKED = "asked"


def say_asked(table: pd.DataFrame, receivers: str) -> pd.DataFrame:
    """The table with a last column ``asked``, unless models were asked for all receivers.

    Args:
        receivers: ``all``, or which they were asked for: ``random 8 in 4 strata by clip``.

    Examples:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"method": ["uce"]})
        >>> list(say_asked(table, "all").columns), list(say_asked(table, "nearest 10 by clip")["asked"])
        (['method'], ['nearest 10 by clip'])
    """
    return table if receivers == ALL else table.assign(**{ASKED: receivers})
