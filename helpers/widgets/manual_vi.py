"""A widget to do variational inference by hand: drag μ and σ of a normal q over a target p.

The browser computes and draws everything, the divergences by quadrature: it asks the kernel for nothing, so a stored
notebook keeps working. `measure` is the same by the quadrature of `helpers.truth`, for the static picture; the tests hold
the browser's against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.figure import Figure

from helpers.pictures import drawing
from helpers.truth.divergences import elbo, kl
from helpers.truth.targets import TARGETS, Normal, Target, normal
from helpers.widgets.base import Pictured, beside, keep_among, keep_between, picture_of

OBJECTIVES = ("KL(q‖p)", "KL(p‖q)", "ELBO")
MU_RANGE = (-10.0, 10.0)
SIGMA_RANGE = (0.1, 10.0)
FACTOR = 5  # the ELBO is taken with 5·p, so that it is not just −KL
CLOSEST, FARTHEST = 0.001, 100.0  # ends of the bar "how far from the best", in nats
HEADROOM = 1.3  # height of the picture over p's peak; the peak of every best q fits in
PICTURE = (-11.0, 11.0)  # ends of the θ axis: every q that the sliders can reach has its centre inside
QUADRATURE = [values.tolist() for values in np.polynomial.legendre.leggauss(10)]  # nodes and weights, for each panel
CLOSEST_Q = {  # μ and σ of least KL(q‖p), which `best_gaussian` takes a second to find; a test finds them again
    "Student-t": (0.0, 1.260220),
    "Gumbel": (0.5, 1.0),
    "two-normal mixture": (0.711697, 2.873017),
    "skew-normal": (0.768912, 0.544936),
    "Laplace": (0.0, 1.253314),
    "logit-Beta": (6.465135, 0.708269),
}


@cache
def on_the_real_line() -> dict[str, Target]:
    """The targets of the menu, by name: those that live on the whole real line, as q does."""
    return {name: p for name, make in TARGETS.items() if np.isinf((p := make()).support).all()}


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    target: str = "Student-t"
    objective: str = "KL(q‖p)"
    mu: float = 3.0
    sigma: float = 1.0

    def __post_init__(self):
        keep_among(self, target=tuple(on_the_real_line()), objective=OBJECTIVES)
        keep_between(self, mu=MU_RANGE, sigma=SIGMA_RANGE)

    @property
    def p(self) -> Target:
        """The target."""
        return on_the_real_line()[self.target]

    @property
    def q(self) -> Normal:
        """The reader's approximation."""
        return normal(self.mu, self.sigma)


def measure(objective: str, q: Target, p: Target) -> float:
    """An objective in nats.

    Parameters
    ----------
    objective : str
        One of `OBJECTIVES`; the ELBO is the one of the unnormalised target `FACTOR`·p.
    q, p : Target
        The approximation and the target.
    """
    if objective == "ELBO":
        return elbo(q, p.scaled(math.log(FACTOR)))
    return kl(q, p) if objective == "KL(q‖p)" else kl(p, q)


def best_q(target: str, objective: str) -> Normal:
    """The best normal for a target of the menu. (The ELBO is highest where KL(q‖p) is least.)"""
    p = on_the_real_line()[target]
    return normal(p.mean, p.sd) if objective == "KL(p‖q)" else normal(*CLOSEST_Q[target])


def number(value: float) -> str:
    """Four decimals, or a power of ten where they would not help: 0.0407, −1.0300, 1.14 × 10²⁶."""
    if abs(value) < 9999.99995:
        text = f"{value:.4f}".replace("-0.0000", "0.0000")
    else:
        mantissa, exponent = f"{value:.2e}".split("e")
        text = f"{mantissa} × 10" + str(int(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return text.replace("-", "−")


def describe(objective: str, value: float) -> str:
    """The objective's value as the line that the reader sees."""
    if objective != "ELBO":
        return f"{objective} = {number(value)} nats"
    evidence = math.log(FACTOR)
    gap = number(evidence - value)
    return f"ELBO = {number(value)}, log evidence = log {FACTOR} = {number(evidence)}, gap = KL(q‖p) = {gap}"


def distance(objective: str, value: float, best: float) -> str:
    """How far a value is from the best, in words.

    Parameters
    ----------
    objective : str
        One of `OBJECTIVES`.
    value, best : float
        What it is, and at its best, in nats.
    """
    excess = max(0.0, best - value if objective == "ELBO" else value - best)
    if excess < CLOSEST:
        return f"at the best, {number(best)}, to within {CLOSEST:g} nats"
    return f"{number(excess)} nats {'below' if objective == 'ELBO' else 'above'} the best, {number(best)}"


def read(state: State) -> tuple[str, str]:
    """The value of the objective, and how far it is from the best, as the two lines that the reader sees."""
    value, best = (measure(state.objective, q, state.p) for q in (state.q, best_q(state.target, state.objective)))
    return describe(state.objective, value), distance(state.objective, value, best)


def curve(p: Target) -> dict:
    """What the browser needs to draw p: height of the picture, and the density at equal steps of `PICTURE`."""
    density = p.density(np.linspace(*PICTURE, 441))
    return {"top": HEADROOM * float(density.max()), "density": density.round(4).tolist()}


def _about(name: str, p: Target) -> dict:
    """What the browser needs of a target: its curve, where it has features, and the best q of each objective."""
    best = {objective: best_q(name, objective) for objective in OBJECTIVES}
    return curve(p) | {
        "anchors": [[float(centre), float(scale)] for centre, scale in p.anchors],
        "best": {objective: {"mu": q.mean, "sigma": q.sd} for objective, q in best.items()},
    }


def static_picture(state: State) -> bytes:
    """A PNG of a state, for readers who see the notebook where no kernel runs."""

    def draw(figure: Figure) -> None:
        label = f"approximation q: μ = {state.mu:.2f}, σ = {state.sigma:.3f}".replace("-", "−")
        axes = figure.subplots()
        drawing.densities(axes, np.linspace(*PICTURE, 2001), state.p, {label: state.q})
        axes.set(xticks=range(-10, 11, 2), xlim=PICTURE, ylim=(0, curve(state.p)["top"]))
        axes.set_title("\n".join(read(state)))

    return picture_of(draw, 3.8, "Static picture: run the notebook to move q yourself.")


class ManualVI(Pictured):
    """Sliders for μ and σ of a normal q over a target p, with a live reading of how close they are.

    Parameters
    ----------
    target : str
        A target of `helpers.truth.targets` that lives on the whole real line.
    objective : str
        "KL(q‖p)", "KL(p‖q)" or "ELBO".
    mu, sigma : float
        Where q starts; μ in [−10, 10], σ in [0.1, 10].

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("manual_vi")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, target=State.target, objective=State.objective, mu=State.mu, sigma=State.sigma):
        options = {
            "targets": list(on_the_real_line()),  # their order: a stored notebook does not keep that of a dict
            "curves": {name: _about(name, p) for name, p in on_the_real_line().items()},
            "picture": list(PICTURE),
            "objectives": list(OBJECTIVES),
            "mu": list(MU_RANGE),
            "sigma": list(SIGMA_RANGE),
            "factor": FACTOR,
            "bar": [CLOSEST, FARTHEST],
            "quadrature": QUADRATURE,
        }
        super().__init__(State(target, objective, mu, sigma), options)
