// Files as bytes: gzip through the web standard, and the IDX format of the MNIST family.
import { DomainError } from '../core/errors.ts';
import { Tensor } from '../core/tensor.ts';

/**
 * The bytes of a gzip file. Works in browsers and in Node alike.
 * @source RFC 1952
 * @throws DomainError for bytes that are no gzip, are cut short, or fail their checksum
 */
export const gunzip = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => {
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new DomainError(`gzip: the ${bytes.length} bytes are no gzip file, or are cut short or damaged`);
  }
};

/** Element types of IDX by code: bytes each, and how one is read; all big-endian. */
const TYPES: Readonly<Record<number, { readonly bytes: number; readonly read: (v: DataView, at: number) => number }>> =
  {
    8: { bytes: 1, read: (v, at) => v.getUint8(at) },
    9: { bytes: 1, read: (v, at) => v.getInt8(at) },
    11: { bytes: 2, read: (v, at) => v.getInt16(at) },
    12: { bytes: 4, read: (v, at) => v.getInt32(at) },
    13: { bytes: 4, read: (v, at) => v.getFloat32(at) },
    14: { bytes: 8, read: (v, at) => v.getFloat64(at) },
  };

/**
 * The tensor of an IDX file, in its own shape: 0x00000801 for labels and 0x00000803 for images of bytes, and all other types.
 * @source LeCun, Cortes & Burges 1998, the MNIST database (file format)
 * @throws DomainError for a wrong magic number, or a size that does not fit the header
 */
export const parseIdx = (bytes: Uint8Array): Tensor => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length < 4 ? Number.NaN : view.getUint32(0);
  const type = TYPES[(magic >>> 8) & 0xff];
  if (Number.isNaN(magic) || magic >>> 16 !== 0 || type === undefined)
    throw new DomainError(
      `idx: the first four bytes must be 0, 0, a type and a rank, got ${[...bytes.slice(0, 4)].join(', ')}`,
    );
  const rank = magic & 0xff;
  const head = 4 + 4 * rank;
  if (bytes.length < head)
    throw new DomainError(`idx: a header of rank ${rank} takes ${head} bytes, got ${bytes.length}`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((a, b) => a * b, 1);
  if (bytes.length !== head + count * type.bytes)
    throw new DomainError(`idx: [${shape.join(', ')}] takes ${head + count * type.bytes} bytes, got ${bytes.length}`);
  return Tensor.build(shape, (out) => {
    for (let i = 0; i < count; i++) out[i] = type.read(view, head + i * type.bytes);
  });
};
