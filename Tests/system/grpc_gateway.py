"""A gateway on gRPC's own server in C, as a process: passes every call to the index behind it.

usage: grpc_gateway.py INDEX_PORT [OPTION=NUMBER …], options of grpc.server without their "grpc."; prints its port.
"""

import sys
from concurrent import futures

import grpc


class PassOn(grpc.GenericRpcHandler):
    def __init__(self, port):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def service(self, details):
        call = self.channel.unary_unary(details.method)

        def pass_on(request, context):
            kept = [(name, value) for name, value in context.invocation_metadata() if name in ("api-key", "x-pinecone-api-version")]
            try:
                return call(request, metadata=kept, timeout=context.time_remaining())
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())

        return grpc.unary_unary_rpc_method_handler(pass_on)


if __name__ == "__main__":
    options = [(f"grpc.{name}", int(number)) for name, number in (option.split("=") for option in sys.argv[2:])]
    server = grpc.server(futures.ThreadPoolExecutor(4), [PassOn(int(sys.argv[1]))], options=options)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()
