"""gRPC for Python with ten threads: `grpc_server.py HOST:PORT`. The rows are multiplied by numpy."""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import peer_pb2
import peer_pb2_grpc
from model import WEIGHTS

LARGEST = 64 << 20


class Peer(peer_pb2_grpc.PeerServicer):
    def Echo(self, request, context):
        return request

    def Predict(self, request, context):
        rows = np.array(request.values).reshape(-1, len(WEIGHTS))
        return peer_pb2.Numbers(values=rows @ WEIGHTS)


options = [("grpc.max_receive_message_length", LARGEST), ("grpc.max_send_message_length", LARGEST)]
server = grpc.server(ThreadPoolExecutor(max_workers=10), options=options)
peer_pb2_grpc.add_PeerServicer_to_server(Peer(), server)
if not server.add_insecure_port(sys.argv[1]):
    sys.exit(f"{sys.argv[1]} cannot be listened on")
server.start()
server.wait_for_termination()
