"""Judging: the scorecard against the right answer, and what can be said without it: importance weights,
more optimisation, other starts, and the verdicts of `diagnose`; and the claims that a section makes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "card": ["scorecard", "show_table", "show_words", "wasserstein"],
        "proofs": ["claim", "claims"],
        "verdicts": ["diagnose"],
    },
)
