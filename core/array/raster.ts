// Pixels as plain data: a typed array with its shape, in the order y, x, channel. Boxes are half-open, in pixels.

export type TypedArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

export type DType = "uint8" | "int8" | "uint16" | "int16" | "uint32" | "int32" | "float32" | "float64";

/** An image in memory: `data[(y * width + x) * channels + c]`. */
export interface Raster<T extends TypedArray = TypedArray> {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: T;
}

/** A label image in memory: one number a pixel, 0 = background. */
export interface LabelImage {
  readonly height: number;
  readonly width: number;
  readonly data: Uint32Array;
}

/** Half-open box in pixels. */
export interface Box {
  readonly y0: number;
  readonly x0: number;
  readonly y1: number;
  readonly x1: number;
}

const constructors = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** The number type of a typed array; undefined for clamped and BigInt arrays. */
export function dtypeOf(data: ArrayBufferView): DType | undefined {
  for (const [dtype, type] of Object.entries(constructors)) if (data instanceof type) return dtype as DType;
  return undefined;
}

/** A new typed array of `length` zeros. */
export function createTypedArray(dtype: DType, length: number): TypedArray {
  return new constructors[dtype](length);
}
