#!/usr/bin/env python3
"""Reads golden vectors, asks a port, and judges it: python3 vectors.py <folder> [--port module] [--answers file].

The port is a module with answer(op, args) -> outputs, and ENTRIES, the ids that it knows. Tensors are {'shape': [...],
'data': [...]}, row-major floats. With --answers the outputs are written for `tautograd vectors check --answers` instead.
"""
import importlib, json, math, os, struct, sys

WORDS = {'NaN': math.nan, 'Infinity': math.inf, '-Infinity': -math.inf}

def number(x):
    return WORDS[x] if isinstance(x, str) else x

def safetensors(path):
    """Tensors of doubles by name."""
    with open(path, 'rb') as file:
        (length,) = struct.unpack('<Q', file.read(8))
        header, numbers = json.loads(file.read(length)), file.read()
    def read(row):
        begin, end = row['data_offsets']
        return {'shape': row['shape'], 'data': list(struct.unpack(f'<{(end - begin) // 8}d', numbers[begin:end]))}
    return {name: read(row) for name, row in header.items() if name != '__metadata__'}

def value(v, large):
    """A value of a line with its words as numbers, and its large tensors in it."""
    if isinstance(v, str): return WORDS.get(v, v)
    if isinstance(v, list): return [value(x, large) for x in v]
    if not isinstance(v, dict): return v
    if 'safetensors' in v: return large[v['name']]
    if 'shape' in v and 'data' in v: return {'shape': v['shape'], 'data': [float(number(x)) for x in v['data']]}
    return {key: value(x, large) for key, x in v.items()}

def cases(folder):
    """Every case, bit for bit as it was written."""
    with open(os.path.join(folder, 'manifest.json'), encoding='utf8') as file: manifest = json.load(file)
    tensors = manifest['tensors']
    large = safetensors(os.path.join(folder, tensors['file'])) if tensors else {}
    for row in manifest['files']:
        with open(os.path.join(folder, row['file']), encoding='utf8') as file:
            for line in file: yield value(json.loads(line), large)

def is_tensor(v):
    return isinstance(v, dict) and 'shape' in v and 'data' in v

def numbers(v):
    """All numbers of a value, in the order in which they are written."""
    if isinstance(v, bool) or isinstance(v, str) or v is None: return []
    if isinstance(v, (int, float)): return [float(v)]
    if is_tensor(v): return [float(x) for x in v['data']]
    return [x for one in (v.values() if isinstance(v, dict) else v) for x in numbers(one)]

def form(v):
    """All but the numbers."""
    if isinstance(v, (bool, str)) or v is None: return v
    if isinstance(v, (int, float)): return 0
    if is_tensor(v): return {'shape': list(v['shape'])}
    return {key: form(x) for key, x in v.items()} if isinstance(v, dict) else [form(x) for x in v]

def near(got, want, allowed, signed):
    if math.isnan(want) or math.isnan(got): return math.isnan(want) and math.isnan(got)
    if math.isinf(want) or math.isinf(got): return got == want
    if signed and got == want == 0: return math.copysign(1, got) == math.copysign(1, want)
    return abs(got - want) <= allowed

def fault(case, outputs):
    """What is wrong with the answer to a case, or None."""
    for field, want in case['outputs'].items():
        got = outputs.get(field)
        if got is None and field in case.get('optional', []): continue
        if form(got) != form(want): return f'{field}: expected the form {form(want)}, got {form(got)}'
        allowed = case.get('allowed', {}).get(field, 0)
        all_allowed = numbers(allowed)
        for i, (g, w) in enumerate(zip(numbers(got), numbers(want))):
            most = all_allowed[i] if len(all_allowed) > 1 else all_allowed[0]
            if not near(g, w, most, field in case.get('signed', [])):
                return f'{field}, number {i}: expected {w!r}, got {g!r}, allowed error {most!r}'
    return None

def plain(v):
    """A value as JSON has it: words for what it has no digits for."""
    if isinstance(v, float) and not math.isfinite(v): return 'NaN' if math.isnan(v) else 'Infinity' if v > 0 else '-Infinity'
    if isinstance(v, dict): return {key: plain(x) for key, x in v.items()}
    return [plain(x) for x in v] if isinstance(v, (list, tuple)) else v

def main(words):
    folder, options = words[0], dict(zip(words[1::2], words[2::2]))
    sys.path.insert(0, os.getcwd())
    port = importlib.import_module(options.get('--port', 'port'))
    out = open(options['--answers'], 'w', encoding='utf8') if '--answers' in options else None
    right = wrong = uncovered = 0
    for case in cases(folder):
        if case['op'] not in port.ENTRIES: uncovered += 1; continue
        try: outputs, why = port.answer(case['op'], case['args']), None
        except Exception as error: outputs, why = None, f'{type(error).__name__}: {error}'
        if out is not None: out.write(json.dumps({'id': case['id'], 'outputs': plain(outputs)}) + '\n')
        why = why if outputs is None else fault(case, outputs)
        right, wrong = right + (why is None), wrong + (why is not None)
        if why is not None: print(f"{case['id']}: {why}")
    if out is not None: out.close()
    print(f'{right + wrong + uncovered} cases: {right} right, {wrong} wrong, {uncovered} not covered')
    return 0 if wrong == 0 else 1

if __name__ == '__main__':
    if len(sys.argv) < 2: sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
