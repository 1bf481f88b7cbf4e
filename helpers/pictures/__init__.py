"""Pictures: the style of them all, how a figure is shown with its caption, and a module for each kind of picture.

The map of the course, the graph of a model, animations of ADVI and of SVGD, the flow chart of "did it work?"; MCMC and VI
side by side, the traces of chains, labels that are bought one by one, and PyMC's progress bars.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "flow_chart": ["decision_chart"],
        "particle_frames": ["record", "svgd_picture"],
        "particle_menu": ["svgd_menu"],
        "style": ["PALETTE", "WIDTH"],
    },
)
