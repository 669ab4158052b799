// Large tensors as bytes: the safetensors format, written and read. An 8-byte length, a header in JSON, then numbers, little-endian.
import type { Plain } from '../contract.ts';

/** The bytes of a file that holds tensors of doubles by name. @source https://github.com/huggingface/safetensors, README, "Format" */
export const safetensors = (tensors: ReadonlyMap<string, Plain>): Uint8Array => {
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F64', shape, data_offsets: [end, end + 8 * data.length] };
    end += 8 * data.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8; // spaces up to a multiple of 8, so that the numbers are aligned
  const bytes = new Uint8Array(8 + length + end).fill(0x20, 8, 8 + length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  let at = 8 + length;
  for (const { data } of tensors.values())
    for (let i = 0; i < data.length; i++, at += 8) view.setFloat64(at, data[i] as number, true); // in range
  return bytes;
};

/** The file is no safetensors file, or holds what is not read here. */
export class TensorsFault extends Error {
  override readonly name = 'TensorsFault';
}

const WIDTH = { F64: 8, F32: 4 } as const;

interface Header {
  readonly dtype: keyof typeof WIDTH;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The tensors of a file by name. @throws TensorsFault */
export const tensorsIn = (bytes: Uint8Array): ReadonlyMap<string, Plain> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Number.NaN : Number(view.getBigUint64(0, true));
  if (!(8 + length <= bytes.length))
    throw new TensorsFault(`safetensors: a header of ${length} bytes in a file of ${bytes.length}`);
  let header: Readonly<Record<string, Header>>;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as typeof header; // checked below
  } catch (error) {
    throw new TensorsFault('safetensors: the header is not JSON', { cause: error });
  }
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [from, to],
          },
        ]) => {
          const width = WIDTH[dtype];
          const size = shape.reduce((a, b) => a * b, 1);
          if (width === undefined || to - from !== size * width || 8 + length + to > bytes.length)
            throw new TensorsFault(`safetensors: ${name} has ${to - from} bytes for [${shape}] of ${dtype}`);
          const at = 8 + length + from;
          const read = (i: number): number =>
            dtype === 'F64' ? view.getFloat64(at + 8 * i, true) : view.getFloat32(at + 4 * i, true);
          return [name, { shape, data: Float64Array.from({ length: size }, (_, i) => read(i)) }];
        },
      ),
  );
};
