"""Uploads a table, trains a model on it, and predicts.

Start a server first: cargo run --release -- serve
"""

import os
from pathlib import Path

from modelwire import Client, read_csv

WINE = Path(__file__).parents[2] / "tests" / "fixtures" / "data" / "wine.csv"

with Client(os.environ.get("MODELWIRE_ADDRESS", "127.0.0.1:9090"), timeout=10.0) as client:
    print(client.hello("World").greeting)

    client.upload("wine", WINE)
    job = client.train("wine", ["standard_scaler", "linear_regression"], dataset="wine", target="quality")
    version = job.wait()
    print(f"{version.name}@{version.version} explains {version.metrics['r2']:.0%} of the variance of quality")

    rows = read_csv(WINE)
    quality = rows.pop("quality")
    prediction = client.predict("wine", {name: column[:3] for name, column in rows.items()})
    for taster, model in zip(quality[:3], prediction.values, strict=True):
        print(f"tasters say {taster}, {prediction.model}@{prediction.version} says {model:.2f}")
