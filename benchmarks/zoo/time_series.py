"""Series: autoregressions, changing volatility, hidden states, predator and prey."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from scipy import stats

from benchmarks.zoo.entry import Entry


def filtered(x, factor, length: int):
    """s[t] = x[t] + factor s[t-1] from s[-1] = 0, as a matrix product: quicker than a loop for some hundreds."""
    lag = np.subtract.outer(np.arange(length), np.arange(length))
    powers = pt.concatenate([pt.ones(1), pt.cumprod(pt.ones(length - 1) * factor)])
    return (powers[np.maximum(lag, 0)] * (lag >= 0)) @ x


def ar5() -> pm.Model:
    rng = np.random.default_rng(401)
    y = np.zeros(250)
    for t in range(5, 250):
        y[t] = 1 + np.array([0.5, 0.1, -0.2, 0.15, 0.1]) @ y[t - 5 : t][::-1] + rng.normal(0, 0.5)
    y = y[50:]
    lags = np.column_stack([y[5 - k : 200 - k] for k in range(1, 6)])
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 10), pm.Normal("b", 0, 1, shape=5)
        pm.Normal("y", a + lags @ b, pm.HalfNormal("sigma", 2), observed=y[5:])
    return model


def arma11() -> pm.Model:
    rng = np.random.default_rng(402)
    y, noise = np.zeros(250), rng.normal(0, 0.5, 250)
    for t in range(1, 250):
        y[t] = 0.5 + 0.7 * y[t - 1] + noise[t] + 0.4 * noise[t - 1]
    y = y[50:]
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 10)
        phi, theta = pm.Uniform("phi", -1, 1), pm.Uniform("theta", -1, 1)
        rest = pt.concatenate([(y[0] - mu / (1 - phi))[None], y[1:] - mu - phi * y[:-1]])
        innovation = filtered(rest, -theta, 200)
        sigma = pm.HalfNormal("sigma", 2)
        pm.Potential("y", pm.logp(pm.Normal.dist(0, sigma), innovation).sum())
    return model


def garch11() -> pm.Model:
    rng = np.random.default_rng(403)
    y, variance = np.zeros(300), np.ones(300)
    for t in range(1, 300):
        variance[t] = 0.3 + 0.3 * y[t - 1] ** 2 + 0.5 * variance[t - 1]
        y[t] = rng.normal(0, np.sqrt(variance[t]))
    y = 0.3 + y[100:]
    with pm.Model() as model:
        mu, omega = pm.Normal("mu", 0, 5), pm.HalfNormal("omega", 2)
        alpha, share = pm.Uniform("alpha", 0, 1), pm.Uniform("share", 0, 1)
        beta = share * (1 - alpha)
        shocks = omega + alpha * (y[:-1] - mu) ** 2
        h = filtered(pt.concatenate([[np.var(y)], shocks]), beta, 200)
        pm.Normal("y", mu, pt.sqrt(h), observed=y)
    return model


def local_level() -> pm.Model:
    rng = np.random.default_rng(404)
    flow = 20 + np.cumsum(rng.normal(0, 0.6, 100)) + rng.normal(0, 1, 100)
    with pm.Model() as model:
        z, sigma = pm.Normal("z", 0, 1, shape=100), pm.HalfNormal("sigma", 2)
        level = pm.Normal("first", 20, 10) + sigma * pt.cumsum(z)
        pm.Normal("flow", level, pm.HalfNormal("noise", 2), observed=flow)
    return model


def stochastic_volatility() -> pm.Model:
    rng = np.random.default_rng(405)
    h = np.zeros(150)
    for t in range(1, 150):
        h[t] = 0.95 * h[t - 1] + rng.normal(0, 0.3)
    returns = rng.normal(0, np.exp(h[50:] / 2))
    with pm.Model() as model:
        mu, phi = pm.Normal("mu", 0, 2), pm.Beta("phi", 20, 1.5)
        sigma, z = pm.HalfNormal("sigma", 0.5), pm.Normal("z", 0, 1, shape=100)
        first = z[0] / pt.sqrt(1 - phi**2)
        own = mu + sigma * filtered(pt.concatenate([first[None], z[1:]]), phi, 100)
        pm.Normal("returns", 0, pt.exp(own / 2), observed=returns)
    return model


def hidden_markov() -> pm.Model:
    """Two states, summed out by the forward recursion; states differ by their means, which are in order."""
    rng = np.random.default_rng(406)
    state = np.zeros(150, int)
    for t in range(1, 150):
        state[t] = state[t - 1] if rng.random() < 0.9 else 1 - state[t - 1]
    y = rng.normal(np.array([1.0, 3.5])[state], 1)
    ordered = pm.distributions.transforms.ordered
    with pm.Model() as model:
        mu = pm.Normal("mu", [1, 4], 2, shape=2, transform=ordered, initval=[1.0, 4.0])
        stay, sigma = pm.Beta("stay", 8, 2, shape=2), pm.HalfNormal("sigma", 2)
        log_p = pm.logp(pm.Normal.dist(mu, sigma), y[:, None])
        move = pt.log(pt.stack([pt.stack([stay[0], 1 - stay[0]]), pt.stack([1 - stay[1], stay[1]])]))

        def forward(now, before, move):
            return now + pt.logsumexp(before[:, None] + move, axis=0)

        states = pytensor.scan(
            forward, sequences=log_p[1:], outputs_info=log_p[0] - np.log(2), non_sequences=move, return_updates=False
        )
        pm.Potential("y", pt.logsumexp(states[-1]))
    return model


def eaten(pair, rate):
    """Change per year of (prey, predators)."""
    prey, predators = pair[0], pair[1]
    return pt.stack([prey * (rate[0] - rate[1] * predators), predators * (rate[3] * prey - rate[2])])


def runge_kutta(pair, rate, step=0.1):
    one = eaten(pair, rate)
    two = eaten(pair + step / 2 * one, rate)
    three = eaten(pair + step / 2 * two, rate)
    four = eaten(pair + step * three, rate)
    return pair + step / 6 * (one + 2 * two + 2 * three + four)


def lotka_volterra() -> pm.Model:
    """21 years of pelts of hares and lynxes; time goes in tenths of a year."""
    pair, rate = np.array([34.0, 5.9]), np.array([0.55, 0.028, 0.80, 0.024])
    path = [pair]
    for _ in range(200):  # the same steps, in numbers
        k = [np.zeros(2)]
        for part in (0, 0.05, 0.05, 0.1):
            x, y = pair + part * k[-1]
            k.append(np.array([x * (rate[0] - rate[1] * y), y * (rate[3] * x - rate[2])]))
        pair = pair + 0.1 / 6 * (k[1] + 2 * k[2] + 2 * k[3] + k[4])
        path.append(pair)
    pelts = np.exp(np.log(path[::10]) + np.random.default_rng(407).normal(0, 0.25, (21, 2)))
    start = {"rate": rate, "first": np.array([30.0, 5.0])}
    with pm.Model() as model:
        prior = np.array([[1, 0.05, 1, 0.05], [0.5, 0.05, 0.5, 0.05]])
        rate = pm.TruncatedNormal("rate", *prior, lower=0, shape=4, initval=start["rate"])
        first = pm.LogNormal("first", np.log(10), 1, shape=2, initval=start["first"])
        sigma = pm.LogNormal("sigma", -1, 1, shape=2, initval=np.array([0.3, 0.3]))
        steps = pytensor.scan(runge_kutta, outputs_info=first, non_sequences=rate, n_steps=200, return_updates=False)
        every_year = pt.concatenate([first[None], steps[9::10]])
        pm.LogNormal("pelts", pt.log(every_year), sigma, observed=pelts)
    return model


def river_step() -> pm.Model:
    """A step in the level of a river at an unknown year, made smooth."""
    rng = np.random.default_rng(408)
    year = np.arange(1871, 1971)
    flow = rng.normal(np.where(year < 1899, 1100, 850), 125)
    with pm.Model() as model:
        level = pm.Normal("level", 900, 300, shape=2)
        change = pm.Normal("change", 1900, 15)
        after = pm.math.invlogit((year - change) / 2)
        pm.Normal("flow", level[0] + (level[1] - level[0]) * after, pm.HalfNormal("sigma", 300), observed=flow)
    return model


def growth() -> pm.Model:
    """A logistic curve of growth, on raw days."""
    rng = np.random.default_rng(409)
    day = np.linspace(0, 90, 30)
    height = 250 * stats.logistic.cdf((day - 35) / 9) + rng.normal(0, 6, 30)
    with pm.Model() as model:
        top, middle = pm.LogNormal("top", 5, 1), pm.Normal("middle", 40, 30)
        width, sigma = pm.LogNormal("width", 2, 1), pm.HalfNormal("sigma", 20)
        pm.Normal("height", top * pm.math.invlogit((day - middle) / width), sigma, observed=height)
    return model


ENTRIES = {
    "ar5": Entry(ar5, "Autoregression of order five, T = 200, as Box & Jenkins 1970; simulated"),
    "arma11": Entry(arma11, "ARMA(1, 1), T = 200, as Box & Jenkins 1970; simulated"),
    "garch11": Entry(garch11, "GARCH(1, 1), T = 200, as Bollerslev 1986; simulated"),
    "local-level": Entry(local_level, "Random walk and noise, 100 states, as Durbin & Koopman 2012; simulated"),
    "volatility": Entry(stochastic_volatility, "Stochastic volatility, T = 100, as Kim et al. 1998; simulated"),
    "hidden-markov": Entry(hidden_markov, "Two hidden states, T = 150, as Rabiner 1989; simulated"),
    "lotka-volterra": Entry(lotka_volterra, "Hares and lynxes, 21 years, as Carpenter 2018; simulated"),
    "river-step": Entry(river_step, "Level of a river with a step, as Cobb 1978, made smooth; simulated"),
    "growth-curve": Entry(growth, "Logistic growth on raw days, as Pinheiro & Bates 2000; simulated"),
}
