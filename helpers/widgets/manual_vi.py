"""A widget to do variational inference by hand: drag μ and σ of a normal q over a target p.

The browser draws q at once; the kernel computes the reading by quadrature and sends it after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.figure import Figure

from helpers.pictures import drawing
from helpers.truth.closest import best_gaussian
from helpers.truth.divergences import elbo, kl
from helpers.truth.targets import TARGETS, Normal, Target, normal
from helpers.widgets.base import Answering, beside, keep_among, keep_between, picture_of

OBJECTIVES = ("KL(q‖p)", "KL(p‖q)", "ELBO")
MU_RANGE = (-10.0, 10.0)
SIGMA_RANGE = (0.1, 10.0)
FACTOR = 5  # the ELBO is taken with 5·p, so that it is not just −KL
CLOSEST, FARTHEST = 0.001, 100.0  # ends of the bar "how far from the best", in nats
HEADROOM = 1.3  # height of the picture over p's peak; the peak of every best q fits in
PICTURE = (-11.0, 11.0)  # ends of the θ axis: every q that the sliders can reach has its centre inside
OPTIMA: dict[tuple[str, str], dict] = {}  # those computed so far, by target and objective; see `optimum`
WHY_INFINITE = {
    "KL(q‖p)": "q has mass where p has none",
    "KL(p‖q)": "p's tails are too heavy for a normal q",
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


def optimum(target: str, objective: str) -> dict:
    """The best normal for a target of the menu: its `mu`, `sigma` and the objective's `value` there."""
    if (target, objective) not in OPTIMA:
        p = on_the_real_line()[target]
        # the ELBO is highest where KL(q‖p) is least
        criterion = "KL(q‖p)" if objective == "ELBO" else objective
        best = best_gaussian(p, criterion)
        OPTIMA[target, objective] = {"mu": best.mean, "sigma": best.sd, "value": measure(objective, best, p)}
    return OPTIMA[target, objective]


def number(value: float) -> str:
    """Four decimals, or a power of ten where they would not help: 0.0407, −1.0300, 1.14 × 10²⁶, ∞."""
    if math.isinf(value):
        text = f"{value:.0f}".replace("inf", "∞")
    elif abs(value) < 9999.99995:
        text = f"{value:.4f}".replace("-0.0000", "0.0000")
    else:
        mantissa, exponent = f"{value:.2e}".split("e")
        text = f"{mantissa} × 10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return text.replace("-", "−")


def describe(objective: str, value: float) -> str:
    """The objective's value as the line that the reader sees."""
    kind = "KL(q‖p)" if objective == "ELBO" else objective
    reason = f" ({WHY_INFINITE[kind]})" if math.isinf(value) else ""
    if objective != "ELBO":
        return f"{objective} = {number(value)}{reason or ' nats'}"
    evidence = math.log(FACTOR)
    gap = number(evidence - value)
    return f"ELBO = {number(value)}, log evidence = log {FACTOR} = {number(evidence)}, gap = {kind} = {gap}{reason}"


def distance(objective: str, value: float, best: float) -> dict:
    """How far a value is from the best: nats (None where infinite), the bar's filled share, and words.

    Parameters
    ----------
    objective : str
        One of `OBJECTIVES`.
    value, best : float
        What it is, and at its best, in nats.
    """
    excess = max(0.0, best - value if objective == "ELBO" else value - best)
    share = math.log(max(excess, CLOSEST) / CLOSEST) / math.log(FARTHEST / CLOSEST)
    if excess < CLOSEST:
        words = f"at the best, {number(best)}, to within {CLOSEST:g} nats"
    else:
        side = "below" if objective == "ELBO" else "above"
        words = f"{number(excess)} nats {side} the best, {number(best)}"
    return {"nats": excess if math.isfinite(excess) else None, "share": min(1.0, share), "words": words}


def read(state: State) -> dict:
    """What the kernel says about a state; `best` is None as long as nobody computed it."""
    best = OPTIMA.get((state.target, state.objective))
    value = measure(state.objective, state.q, state.p)
    return {
        "text": describe(state.objective, value),
        "best": best,
        "distance": best and distance(state.objective, value, best["value"]),
    }


def curve(p: Target) -> dict:
    """What the browser needs to draw p: height of the picture, and the density at equal steps of `PICTURE`."""
    density = p.density(np.linspace(*PICTURE, 441))
    return {"top": HEADROOM * float(density.max()), "density": density.round(4).tolist()}


def static_picture(state: State) -> bytes:
    """A PNG of a state, for readers who see the notebook where no kernel runs."""
    optimum(state.target, state.objective)

    def draw(figure: Figure) -> None:
        reading = read(state)
        label = f"approximation q: μ = {state.mu:.2f}, σ = {state.sigma:.3f}".replace("-", "−")
        axes = figure.subplots()
        drawing.densities(axes, np.linspace(*PICTURE, 2001), state.p, {label: state.q})
        axes.set(xticks=range(-10, 11, 2), xlim=PICTURE, ylim=(0, curve(state.p)["top"]))
        axes.set_title(f"{reading['text']}\n{reading['distance']['words']}")

    return picture_of(draw, 3.8, "Static picture: run the cell to move q yourself.")


class ManualVI(Answering):
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
    State, read, static_picture = State, staticmethod(read), staticmethod(static_picture)

    def __init__(self, target=State.target, objective=State.objective, mu=State.mu, sigma=State.sigma):
        options = {
            "targets": list(on_the_real_line()),  # their order: a stored notebook does not keep that of a dict
            "curves": {name: curve(p) for name, p in on_the_real_line().items()},
            "picture": list(PICTURE),
            "objectives": list(OBJECTIVES),
            "mu": list(MU_RANGE),
            "sigma": list(SIGMA_RANGE),
        }
        super().__init__(State(target, objective, mu, sigma), options)

    def answer(self, state: State, message: dict) -> None:
        """Send a reading; first find the optimum, where the browser asks for it."""
        if message.get("optimum"):  # takes up to a second, so the browser asks for it on its own
            optimum(state.target, state.objective)
        super().answer(state, message)

    def picture(self) -> bytes:
        """A PNG of the start, for where no kernel runs."""
        picture = super().picture()
        # the picture needed the optimum: so the reading can tell the distance to it now
        self.reading = self.about(self.state, self.reading["token"])
        return picture
