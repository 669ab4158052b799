"""What both Python engines share: the wire of the benchmark on standard input and output, and the clock."""
import base64
import json
import sys
import time

import numpy as np


def encode(value):
    return base64.b64encode(np.ascontiguousarray(value, dtype='<f8').tobytes()).decode()


def decode(text):
    return np.frombuffer(base64.b64decode(text), dtype='<f8')


def repeated(one, outputs):
    """A workload whose one call is a function without arguments."""

    def run(calls):
        for _ in range(calls):
            one()

    return run, outputs


def serve(engine, version, threads, can):
    """Answers one request after another. `can` makes a workload ready: (sizes, inputs) to (run, outputs), or None."""
    wire, sys.stdout = sys.stdout, sys.stderr
    ready = None
    for line in sys.stdin:
        try:
            request = json.loads(line)
            what = request['do']
            if what == 'bye':
                break
            if what == 'hello':
                answer = {'engine': engine, 'version': version, 'dtype': 'f32', 'threads': threads, 'differs': {}}
            elif what == 'prepare':
                make = can.get(request['kind'])
                inputs = {name: decode(text) for name, text in request['inputs'].items()}
                ready = None if make is None else make(request['sizes'], inputs)
                answer = {'ready': ready is not None}
            elif what == 'run':
                run, calls = ready[0], request['calls']
                start = time.perf_counter()
                run(calls)
                answer = {'ms': (time.perf_counter() - start) * 1e3}
            else:
                answer = {'outputs': {name: encode(value) for name, value in ready[1]().items()}}
        except Exception as error:  # the benchmark reports it and goes on
            answer = {'error': f'{type(error).__name__}: {error}'}
        wire.write(json.dumps(answer) + '\n')
        wire.flush()
