"""The model that every server has: the product of a row of 16 numbers with fixed weights, fitted by scikit-learn."""

import sys

import numpy as np

WEIGHTS = (np.arange(16) - 7.5) / 4


def fitted():
    from sklearn.linear_model import LinearRegression

    rows = np.random.default_rng(7).uniform(-5, 5, (200, 16))
    return LinearRegression(fit_intercept=False).fit(rows, rows @ WEIGHTS)


if __name__ == "__main__":
    import joblib

    joblib.dump(fitted(), sys.argv[1])
