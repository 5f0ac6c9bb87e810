// The header of a JPEG stream: its segments up to the pixels, and what the frame says. Every length is checked. ITU-T T.81, annex B.

export interface JpegSegment {
  /** Second byte of the marker. */
  readonly marker: number;
  /** What follows the length. */
  readonly data: Uint8Array;
}

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly precision: number;
  readonly kind: "baseline" | "progressive" | "lossless";
  /** All segments up to the first scan's header, which is the last. */
  readonly segments: readonly JpegSegment[];
  /** Where the packed pixels begin. */
  readonly dataAt: number;
}

const frameKinds: Readonly<Record<number, JpegHeader["kind"]>> = { 192: "baseline", 193: "baseline", 194: "progressive", 195: "lossless" };
const mostSegments = 1024;

/** The header of a stream: everything up to the pixels. */
export function readHeader(bytes: Uint8Array): JpegHeader {
  const { segments, end } = readSegments(bytes);
  const frames = segments.filter(({ marker }) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker));
  const [frame] = frames;
  if (!frame || frames.length > 1 || frame.data.length < 6 || segments.at(-1)?.marker !== 0xda)
    throw new Error("its JPEG header is missing or broken");
  const kind = frameKinds[frame.marker];
  if (!kind) throw new Error(`its JPEG is of process ${frame.marker - 0xc0}, which is not read`);
  const [precision = 0, h1 = 0, h0 = 0, w1 = 0, w0 = 0, components = 0] = frame.data;
  const sampling = Array.from({ length: components }, (_, index) => frame.data[7 + 3 * index]);
  if (kind === "lossless" && sampling.some((factors) => factors !== 0x11)) throw new Error("its lossless JPEG is subsampled");
  return { width: w1 * 256 + w0, height: h1 * 256 + h0, components, precision, kind, segments, dataAt: end };
}

/** Segments from the start of the image to the first scan's header or to the end of the bytes. */
export function readSegments(bytes: Uint8Array): { segments: readonly JpegSegment[]; end: number } {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw new Error("its JPEG data do not begin as such");
  const segments: JpegSegment[] = [];
  let at = 2;
  while (at < bytes.length) {
    if (bytes[at] !== 0xff) throw new Error("its JPEG header is broken");
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xd9) break;
    const length = (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length || segments.length >= mostSegments) throw new Error("its JPEG header is broken or cut");
    segments.push({ marker, data: bytes.subarray(at + 4, end) });
    at = end;
    if (marker === 0xda) break;
  }
  return { segments, end: at };
}
