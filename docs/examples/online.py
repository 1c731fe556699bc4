"""Teaches a network batch by batch, watches its loss fall, and predicts meanwhile.

Start a server first: cargo run --release -- serve
"""

import os

import numpy as np

from modelwire import Client

network = ("mlp_regressor", {"hidden_layer_sizes": [10, 20], "activation": "relu", "learning_rate_init": 0.01})
rng = np.random.default_rng(7)
weights = rng.normal(size=8)


def batch(n_samples: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Random rows of 8 features, and what is to be learned of them."""
    features = rng.normal(size=(n_samples, 8))
    return features, features @ weights + 0.5 * np.abs(features[:, 0])


with Client(os.environ.get("MODELWIRE_ADDRESS", "127.0.0.1:9090")) as client:
    losses = []
    for _ in range(150):
        features, targets = batch()
        learned = client.partial_fit("online-python", network, features=features, target=targets, publish_every=10)
        losses.append(learned.loss)
        if learned.version is not None:
            print(f"batch {learned.batch}: loss {learned.loss:.4f}, version {learned.version}")

    assert losses[-1] < losses[0] / 10, f"the loss fell from {losses[0]} to {losses[-1]} only"
    features, targets = batch(3)
    prediction = client.predict("online-python", features)
    for expected, predicted in zip(targets, prediction.values, strict=True):
        print(f"{expected:.2f}, predicted by version {prediction.version} as {predicted:.2f}")
