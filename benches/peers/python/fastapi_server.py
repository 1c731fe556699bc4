"""FastAPI with scikit-learn, as tutorials show it: `fastapi_server.py HOST:PORT`. One process of uvicorn."""

import sys

import numpy as np
import uvicorn
from fastapi import FastAPI
from model import fitted
from pydantic import BaseModel

app = FastAPI()
model = fitted()


class Request(BaseModel):
    rows: list[list[float]]


class Response(BaseModel):
    values: list[float]


@app.post("/predict")
async def predict(request: Request) -> Response:
    return Response(values=model.predict(np.array(request.rows)).tolist())


host, port = sys.argv[1].rsplit(":", 1)
uvicorn.run(app, host=host, port=int(port), log_level="warning", access_log=False)
