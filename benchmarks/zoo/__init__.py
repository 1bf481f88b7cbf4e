"""Textbook posteriors to judge an automatic Gaussian fit by: `ZOO` holds the models, gold.json what NUTS says."""

from benchmarks.zoo import glms, hierarchies, latent, regressions, time_series
from benchmarks.zoo.entry import Entry

ZOO: dict[str, Entry] = regressions.ENTRIES | glms.ENTRIES | hierarchies.ENTRIES | time_series.ENTRIES | latent.ENTRIES

TRIED = (  # those on which others are tried, too; the first eight are regressions with raw columns
    *("score-iq", "score-interaction", "log-earnings", "tight", "temperature-trend", "house-prices", "robust", "wells"),
    *("ridge", "roaches-negbin", "ordered-logistic", "bioassay", "softmax", "gasoline", "seeds", "pumps", "dogs"),
    *("eight-schools", "ar5", "hidden-markov"),
)
