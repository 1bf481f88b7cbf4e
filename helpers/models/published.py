"""Published tables of two hierarchies, small enough to stand here.

`BATTERS`: B. Efron, C. Morris (1975), Data analysis using Stein's estimator and its generalizations, Journal of the
American Statistical Association 70, 311–319, doi:10.1080/01621459.1975.10479864, table 1: eighteen players of the 1970
season, their hits in the first 45 times at bat, and their batting average over the remainder of the season.

`REACTION`: G. Belenky and others (2003), Patterns of performance degradation and restoration during sleep restriction and
subsequent recovery, Journal of Sleep Research 12, 1–12, doi:10.1046/j.1365-2869.2003.00337.x: mean reaction time in
milliseconds of eighteen people on days 0 to 9; the first days were for training, then they slept three hours a night. The
numbers are those of the data set `sleepstudy` of D. Bates and others (2015), Fitting linear mixed-effects models using
lme4, doi:10.18637/jss.v067.i01.

Both are measurements of facts, and free of copyright. The tests hold them against published summaries.
"""

from __future__ import annotations

import numpy as np

AT_BAT = 45
BATTERS = {  # hits in the first 45 times at bat, average over the remainder
    "Clemente": (18, 0.346),
    "F. Robinson": (17, 0.298),
    "F. Howard": (16, 0.276),
    "Johnstone": (15, 0.222),
    "Berry": (14, 0.273),
    "Spencer": (14, 0.270),
    "Kessinger": (13, 0.263),
    "L. Alvarado": (12, 0.210),
    "Santo": (11, 0.269),
    "Swoboda": (11, 0.230),
    "Unser": (10, 0.264),
    "Williams": (10, 0.256),
    "Scott": (10, 0.303),
    "Petrocelli": (10, 0.264),
    "E. Rodriguez": (10, 0.226),
    "Campaneris": (9, 0.286),
    "Munson": (8, 0.316),
    "Alvis": (7, 0.200),
}
DAYS = np.arange(10)
_REACTION = """
308 249.5600 258.7047 250.8006 321.4398 356.8519 414.6901 382.2038 290.1486 430.5853 466.3535
309 222.7339 205.2658 202.9778 204.7070 207.7161 215.9618 213.6303 217.7272 224.2957 237.3142
310 199.0539 194.3322 234.3200 232.8416 229.3074 220.4579 235.4208 255.7511 261.0125 247.5153
330 321.5426 300.4002 283.8565 285.1330 285.7973 297.5855 280.2396 318.2613 305.3495 354.0487
331 287.6079 285.0000 301.8206 320.1153 316.2773 293.3187 290.0750 334.8177 293.7469 371.5811
332 234.8606 242.8118 272.9613 309.7688 317.4629 309.9976 454.1619 346.8311 330.3003 253.8644
333 283.8424 289.5550 276.7693 299.8097 297.1710 338.1665 332.0265 348.8399 333.3600 362.0428
334 265.4731 276.2012 243.3647 254.6723 279.0244 284.1912 305.5248 331.5229 335.7469 377.2990
335 241.6083 273.9472 254.4907 270.8021 251.4519 254.6362 245.4523 235.3110 235.7541 237.2466
337 312.3666 313.8058 291.6112 346.1222 365.7324 391.8385 404.2601 416.6923 455.8643 458.9167
349 236.1032 230.3167 238.9256 254.9220 250.7103 269.7744 281.5648 308.1020 336.2806 351.6451
350 256.2968 243.4543 256.2046 255.5271 268.9165 329.7247 379.4445 362.9184 394.4872 389.0527
351 250.5265 300.0576 269.8939 280.5891 271.8274 304.6336 287.7466 266.5955 321.5418 347.5655
352 221.6771 298.1939 326.8785 346.8555 348.7402 352.8287 354.4266 360.4326 375.6406 388.5417
369 271.9235 268.4369 257.2424 277.6566 314.8222 317.2135 298.1353 348.1229 340.2803 366.5131
370 225.2640 234.5235 238.9008 240.4730 267.5373 344.1937 281.1481 347.5855 365.1630 372.2288
371 269.8804 272.4428 277.8989 281.7895 279.1705 284.5120 259.2658 304.6306 350.7807 369.4692
372 269.4117 273.4740 297.5968 310.6316 287.1726 329.6076 334.4818 343.2199 369.1417 364.1236
"""
REACTION = {int(person): np.array(times, float) for person, *times in map(str.split, _REACTION.split("\n")[1:-1])}
