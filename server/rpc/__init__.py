"""The gRPC face: binding, deadlines, errors, conversion; the only place, beside `app`, that knows grpc."""
