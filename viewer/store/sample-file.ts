// The frozen samples of a training as one file: a header in JSON, then the arrays (gzip) and files that it points to. Nothing is
// computed on the page's own thread but the header. Law: unpackSamples(packSamples(samples)) = samples.

import { createTypedArray, type DType, dtypeOf } from "../../core/array/raster.ts";
import type { Image, Pixels, Sample } from "../../plugin/contract.ts";

/** What stands for an image in the header; `at` and `bytes` say where in the rest of the file it is. */
type Stored =
  | { readonly kind: "url"; readonly href: string }
  | { readonly kind: "file"; readonly at: number; readonly bytes: number; readonly type: string; readonly name?: string }
  | ({ readonly kind: "pixels"; readonly at: number; readonly bytes: number; readonly dtype: DType } & Omit<Pixels, "data">);

const imageFields = ["image", "labels", "classes", "ignore"] as const;
type StoredSample = Omit<Sample, (typeof imageFields)[number]> & { readonly [K in (typeof imageFields)[number]]?: Stored };

/** The samples as a file. Files among them are pointed to, not read. */
export async function packSamples(samples: readonly Sample[]): Promise<Blob> {
  const parts: Blob[] = [];
  let at = 0;
  const place = (part: Blob): { at: number; bytes: number } => {
    parts.push(part);
    at += part.size;
    return { at: at - part.size, bytes: part.size };
  };
  const store = async (image: Image): Promise<Stored> => {
    if (typeof image === "string" || image instanceof URL) return { kind: "url", href: String(image) };
    if (image instanceof Blob)
      return { kind: "file", ...place(image), type: image.type, ...(image instanceof File && { name: image.name }) };
    if (!("data" in image)) throw new Error("a folder among its images is not kept");
    const { data, ...rest } = image;
    const packed = await pass(new Blob([data as Uint8Array<ArrayBuffer>]), new CompressionStream("gzip"));
    return { ...rest, kind: "pixels", ...place(packed), dtype: dtypeOf(data)! };
  };
  const header: StoredSample[] = [];
  for (const sample of samples) {
    const stored: Record<string, unknown> = { ...sample };
    for (const field of imageFields) if (sample[field] !== undefined) stored[field] = await store(sample[field]);
    header.push(stored);
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  return new Blob([new Uint32Array([text.length]), text, ...parts]);
}

/** The samples of such a file; files in them are parts of `file`, not read. Throws where it is cut or none. */
export async function unpackSamples(file: Blob): Promise<Sample[]> {
  const take = (start: number, bytes: number, type = ""): Blob => {
    if (start + bytes <= file.size) return file.slice(start, start + bytes, type);
    throw new Error(`Expected ${start + bytes} bytes of frozen samples; got ${file.size}. Open the images and train again.`);
  };
  const [length = 0] = new Uint32Array(await take(0, 4).arrayBuffer());
  const header = JSON.parse(await take(4, length).text()) as StoredSample[];
  const find = ({ at, bytes }: { at: number; bytes: number }, type = ""): Blob => take(4 + length + at, bytes, type);
  const restore = async (stored: Stored): Promise<Image> => {
    if (stored.kind === "url") return new URL(stored.href);
    if (stored.kind === "file") {
      const part = find(stored, stored.type);
      return stored.name === undefined ? part : new File([part], stored.name, { type: stored.type });
    }
    const { kind: _, at, bytes, dtype, ...rest } = stored;
    const unpacked = new Uint8Array(await (await pass(find({ at, bytes }), new DecompressionStream("gzip"))).arrayBuffer());
    const data = createTypedArray(dtype, unpacked.length / createTypedArray(dtype, 0).BYTES_PER_ELEMENT);
    new Uint8Array(data.buffer).set(unpacked);
    return { ...rest, data };
  };
  const samples: Sample[] = [];
  for (const stored of header) {
    const sample: Record<string, unknown> = { ...stored };
    for (const field of imageFields) if (stored[field] !== undefined) sample[field] = await restore(stored[field]);
    samples.push(sample as unknown as Sample);
  }
  return samples;
}

function pass(blob: Blob, through: CompressionStream | DecompressionStream): Promise<Blob> {
  return new Response(blob.stream().pipeThrough(through)).blob();
}
