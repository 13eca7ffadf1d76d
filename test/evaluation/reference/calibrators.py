"""Writes calibrators.json: calibrators fitted by SciPy and scikit-learn, independently of the code under test.

The rows are computed from sines, rounded to a few decimals, so that calibrator-rows.ts computes the same ones.

    pip install numpy scipy scikit-learn && python calibrators.py
"""

import json
import pathlib

import numpy
import scipy
import sklearn
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

ROWS = 4_000


def wave(row, frequency, phase):
    return numpy.sin(row * frequency + phase)


def uniform(row, salt):
    """Returns the fraction of a large sine: well mixed, and rounded so that it is the same for every libm."""
    return numpy.round(numpy.abs(wave(row, 12.9898, salt)) * 43758.5453, 3) % 1.0


def sigmoid(x):
    return 1.0 / (1.0 + numpy.exp(-x))


def rows():
    row = numpy.arange(ROWS, dtype=numpy.float64)
    click = numpy.round(-1.5 + 2.0 * wave(row, 0.7, 0.1), 2)
    conversion = numpy.round(-0.5 + 1.5 * wave(row, 1.3, 0.4), 1)
    y = uniform(row, 0.3) < sigmoid(0.6 * click + 0.4)
    z = y & (uniform(row, 0.9) < sigmoid(1.7 * conversion - 0.8))
    weight = numpy.where(row % 3 == 0, 2.0, 0.5)
    unknown = row % 7 == 0
    return click, conversion, y.astype(float), z.astype(float), weight, unknown


def bernoulli(weight, y, p):
    return -numpy.sum(weight * numpy.where(y > 0, numpy.log(p), numpy.log1p(-p)))


def fit(loss):
    found = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 20_000})
    return {"slope": found.x[0], "intercept": found.x[1]}


def main():
    click, conversion, y, z, weight, unknown = rows()
    platt_click = fit(lambda t: bernoulli(weight, y, sigmoid(t[0] * click + t[1])))
    pctr = sigmoid(platt_click["slope"] * click + platt_click["intercept"])
    known = ~unknown
    platt_conversion = fit(
        lambda t: bernoulli(weight[known], z[known], pctr[known] * sigmoid(t[0] * conversion[known] + t[1]))
    )
    clicked = known & (y > 0)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(conversion[clicked], z[clicked], weight[clicked])
    at = numpy.unique(conversion[clicked])
    document = {
        "made_with": {"numpy": numpy.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
        "clicks": int(y.sum()),
        "conversions": int(z[known].sum()),
        "platt": {"click": platt_click, "conversion": platt_conversion},
        "isotonic": {"rows": int(clicked.sum()), "logits": at.tolist(), "rates": isotonic.predict(at).tolist()},
    }
    pathlib.Path(__file__).with_name("calibrators.json").write_text(json.dumps(document, indent=2) + "\n")


main()
