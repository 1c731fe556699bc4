"""Predicts every row of a CSV file and prints one number a line: predict.py MODEL ROWS.csv."""

import os
import sys

from modelwire import Client, read_csv

model, rows = sys.argv[1:]
with Client(os.environ.get("MODELWIRE_ADDRESS", "127.0.0.1:9090")) as client:
    for value in client.predict(model, read_csv(rows)).values:
        print(float(value))
