"""A widget that runs ADVI before the reader's eyes: q moves onto a posterior of two parameters, and the loss falls.

The model is the logistic regression of chapters 3 and 4, with two parameters ζ = (intercept, slope). The loop is that of
`helpers.fits.loop.fit_phi`, with its gradient written out: draws η, ζ = μ + Lη, Adam on −ELBO. The loss without noise
needs integrals over one line only: each logit of the model is normal under q.

The browser runs the loop and draws everything: it asks the kernel for nothing, so a stored notebook keeps working. `fit`
is the same loop in NumPy, with the same η, for the static picture; the tests hold the three loops against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import special
from scipy.optimize import minimize

from helpers.pictures import style
from helpers.pictures.drawing import ellipse
from helpers.truth.closest import NODE_WEIGHTS, NODES, factor_2d
from helpers.widgets.base import Pictured, beside, keep_among, keep_between, keep_counts, normal_pairs, picture_of

FAMILIES = ("mean-field", "full-rank")
RATES = (0.001, 1.0)
DRAWS = (1, 2, 4, 8, 16, 32)
STEPS = 1_000
PRIOR_SD = 5.0
WINDOW = {"intercept": (-3.2, 1.8), "slope": (-1.6, 4.8)}  # the part of the plane that is shown
LOSSES = (38.0, 50.0)  # nats, on the axis of the loss: its last few nats, where fits differ
MASSES = (0.95, 0.5)  # of the posterior, and of q, inside the two lines of each
WEIGHTS = NODE_WEIGHTS / np.sqrt(2 * np.pi)  # of `NODES`, for a mean over a standard normal number
RADII = [float(np.sqrt(-2 * np.log1p(-mass))) for mass in MASSES]  # the same of a Gaussian, in sd


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    family: str = "mean-field"
    rate: float = 0.05
    draws: int = 1
    stl: bool = False
    decay: bool = False
    seed: int = 36  # a typical fit in both families: neither end is a lucky one

    def __post_init__(self):
        keep_among(self, family=FAMILIES, draws=DRAWS, stl=(False, True), decay=(False, True))
        keep_between(self, rate=RATES)
        keep_counts(self, seed=(0, 2**32 - 1))


@cache
def climbers() -> tuple[np.ndarray, np.ndarray]:
    """The data of chapters 3 and 4: training x, and whether the top was reached, y."""
    rng = np.random.default_rng(303)
    x = rng.normal(size=100)
    return x, (rng.random(100) < special.expit(-1 + 2 * x)).astype(int)


def log_joint(zeta) -> np.ndarray:
    """log p̃ in nats at ζ, shape (…, 2): the two normal priors, and the likelihood."""
    x, y = climbers()
    zeta = np.asarray(zeta)
    logit = zeta[..., :1] + zeta[..., 1:] * x
    prior = -0.5 * (zeta**2).sum(-1) / PRIOR_SD**2 - np.log(2 * np.pi * PRIOR_SD**2)
    return prior + (y * logit - np.logaddexp(0, logit)).sum(-1)


def _slope_of_log_joint(zeta) -> np.ndarray:
    """∇ log p̃ at ζ, shape (…, 2)."""
    x, y = climbers()
    left = y - special.expit(zeta[..., :1] + zeta[..., 1:] * x)
    return np.stack([left.sum(-1), left @ x], axis=-1) - zeta / PRIOR_SD**2


def normals(seed: int, draws: int) -> np.ndarray:
    """The η of all steps, shape (STEPS, draws, 2)."""
    return normal_pairs(seed, STEPS * draws).reshape(STEPS, draws, 2)


def estimate(phi: np.ndarray, eta: np.ndarray, state: State) -> tuple[float, np.ndarray]:
    """−ELBO and its gradient with respect to φ, both from the draws η of one step.

    Parameters
    ----------
    phi : array, shape (5,)
        As for `helpers.truth.closest.factor_2d`: μ, log diagonal of L, the entry below it.
    eta : array, shape (draws, 2)
    state : State
        Its family, and whether the part of the gradient is left out whose mean is zero (`stl`).
    """
    scale = factor_2d(phi)
    zeta = phi[:2] + eta @ scale.T
    log_q = -0.5 * (eta**2).sum(-1) - np.log(2 * np.pi) - phi[2:4].sum()
    uphill = -_slope_of_log_joint(zeta) - (eta @ np.linalg.inv(scale) if state.stl else 0)  # of log q − log p̃ in ζ
    of_scale = uphill.T @ eta / len(eta)
    of_logs = np.diag(of_scale) * np.diag(scale) - (not state.stl)
    below = of_scale[1, 0] if state.family == "full-rank" else 0.0
    return float(np.mean(log_q - log_joint(zeta))), np.array([*uphill.mean(0), *of_logs, below])


@cache
def fit(state: State) -> tuple[np.ndarray, np.ndarray]:
    """φ after 0, 1, … `STEPS` steps of Adam from N(0, I), shape (STEPS + 1, 5), and each step's estimate of −ELBO."""
    phi = mean = square = np.zeros(5)
    path, losses = [phi], []
    for t, eta in enumerate(normals(state.seed, state.draws)):
        loss, gradient = estimate(phi, eta, state)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        direction = mean / (1 - 0.9 ** (t + 1)) / (np.sqrt(square / (1 - 0.99 ** (t + 1))) + 1e-8)
        phi = phi - state.rate * direction * (0.5 * (1 + np.cos(np.pi * t / STEPS)) if state.decay else 1)
        path.append(phi)
        losses.append(loss)
    return np.array(path), np.array(losses)


def exact_loss(phi: np.ndarray) -> float:
    """−ELBO in nats, by Gauss–Hermite quadrature over each row's logit, which is normal under q."""
    x, y = climbers()
    scale = factor_2d(phi)
    mean, sd = phi[0] + phi[1] * x, np.hypot(scale[0, 0] + scale[1, 0] * x, scale[1, 1] * x)
    softplus = np.logaddexp(0, mean[:, None] + sd[:, None] * NODES) @ WEIGHTS
    prior = -0.5 * ((phi[:2] ** 2).sum() + (scale**2).sum()) / PRIOR_SD**2 - np.log(2 * np.pi * PRIOR_SD**2)
    return float(-phi[2:4].sum() - np.log(2 * np.pi) - 1 - prior - (y * mean - softplus).sum())


@cache
def optimum(family: str) -> tuple[np.ndarray, float]:
    """φ of the best Gaussian of a family, and its −ELBO in nats."""
    free = 5 if family == "full-rank" else 4
    found = minimize(exact_loss, np.zeros(free), jac="3-point", options={"gtol": 1e-6})
    return np.append(found.x, np.zeros(5 - free)), float(found.fun)


@cache
def contours() -> list[np.ndarray]:
    """Lines of equal density with `MASSES` of the posterior inside, points as rows."""
    axes = np.linspace(-3.5, 0.5, 161), np.linspace(0, 6, 161)
    density = np.exp(log_joint(np.stack(np.meshgrid(*axes), -1)) + 40)
    ordered = np.sort(density, axis=None)[::-1]
    levels = ordered[np.searchsorted(ordered.cumsum() / ordered.sum(), MASSES)]
    return [segments[0] for segments in Figure().subplots().contour(*axes, density, levels).allsegs]


def _amount(draws: int) -> str:
    """The draws of a step, in words."""
    return "1 draw" if draws == 1 else f"{draws} draws"


def describe(state: State, steps: int = STEPS) -> str:
    """How far the fit has come, as the line that the reader sees."""
    loss, least = exact_loss(fit(state)[0][steps]), optimum(state.family)[1]
    above = "less than 0.001" if loss - least < 0.001 else f"{loss - least:.3f}"
    return f"Step {steps:,}: loss {loss:.2f} nats, {above} above the best {state.family} q, {least:.2f}"


def static_picture(state: State) -> bytes:
    """A PNG of a state when all steps are taken, for readers who see the notebook where no kernel runs."""
    remedies = [words for words, on in ((", sticking the landing", state.stl), (", decaying", state.decay)) if on]
    note = f"Rate {state.rate:g}, {_amount(state.draws)} a step{''.join(remedies)}. Static picture: run the notebook to watch a fit."
    return picture_of(partial(_draw, state), 3.8, note, dpi=130)  # under 90 kB


def _draw(state: State, figure: Figure) -> None:
    """Draw q on the posterior, and the loss."""
    left, right = figure.subplots(1, 2)
    _plane(left, state)
    _losses(right, state)
    left.set_title("q and the posterior, lines around 50 % and 95 %", fontsize=10)
    right.set_title(fill(describe(state), 44), fontsize=10)
    figure.legend(loc="outside upper left", ncols=6, fontsize=9, columnspacing=1.1)


def _plane(axes: Axes, state: State) -> None:
    """Draw the posterior, the way of the mean of q, q at its end, and the best of the family."""
    path, _ = fit(state)
    orange = style.PALETTE["approximation"]
    for k, points in enumerate(contours()):
        label = {} if k else {"label": "posterior"}
        axes.fill(*points.T, color=style.PALETTE["target"], alpha=0.3, **label)
    axes.plot(*path[:, :2].T, color=orange, linewidth=0.6, alpha=0.7)
    for k, radius in enumerate(RADII):
        axes.plot(*ellipse(path[-1][:2], factor_2d(path[-1]), radius), color=orange, label=None if k else "q")
    best = optimum(state.family)[0]
    axes.plot(
        *ellipse(best[:2], factor_2d(best), RADII[0]), "--", color=style.PALETTE["truth"], linewidth=1.2, label="best q"
    )
    axes.set(xlabel="intercept", ylabel="slope", xlim=WINDOW["intercept"], ylim=WINDOW["slope"])


def _losses(axes: Axes, state: State) -> None:
    """Draw each step's estimate of the loss, its exact value, and the best of the family."""
    path, estimates = fit(state)
    orange = style.PALETTE["approximation"]
    axes.plot(estimates, color=orange, linewidth=0.5, alpha=0.6, label="estimates")
    steps = range(0, STEPS + 1, 5)
    axes.plot(steps, [exact_loss(path[step]) for step in steps], color=orange, label="exact loss")
    axes.axhline(optimum(state.family)[1], color=style.PALETTE["truth"], linestyle="--", linewidth=1.2)
    axes.set(xlabel="step", ylabel="loss, −ELBO (nats)", xlim=(0, STEPS), ylim=LOSSES)


class LiveFit(Pictured):
    """ADVI step by step: buttons to run it, sliders for the learning rate and the draws a step.

    Parameters
    ----------
    family : str
        "mean-field" or "full-rank".
    rate : float
        The learning rate of Adam, in [0.001, 1].
    draws : int
        Draws of η in each step: 1, 2, 4, 8, 16 or 32.
    stl : bool
        Whether the part of the gradient is left out whose mean is zero ("sticking the landing").
    decay : bool
        Whether the rate falls to zero along half a cosine.
    seed : int
        Of the draws; at least 0, below 2³².

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("live_fit")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(
        self,
        family=State.family,
        rate=State.rate,
        draws=State.draws,
        stl=State.stl,
        decay=State.decay,
        seed=State.seed,
    ):
        x, y = climbers()
        best = {family: optimum(family) for family in FAMILIES}
        options = {
            "families": FAMILIES,
            "rates": RATES,
            "draws": DRAWS,
            "steps": STEPS,
            "data": [x.tolist(), y.tolist()],
            "prior_sd": PRIOR_SD,
            "quadrature": [part[WEIGHTS > 1e-14].tolist() for part in (NODES, WEIGHTS)],  # the rest counts for nothing
            "best": {family: {"phi": phi.tolist(), "loss": loss} for family, (phi, loss) in best.items()},
            "contours": [points.round(3).tolist() for points in contours()],
            "radii": RADII,
            "window": [*WINDOW.values()],
            "losses": LOSSES,
        }
        super().__init__(State(family, rate, draws, stl, decay, seed), options)
