// Opens what the user hands over, in whichever thread this runs: PNG, JPEG, TIFF and the like by the project's own readers, other
// pictures by the browser's decoder. Large files are never read whole, and the browser decodes pictures only up to a sane size.

import { describeError, isProblem, Problem } from "../../core/problem.ts";
import { createHttpClient } from "../../core/source/http.ts";
import { type OpenOptions, openSource } from "../../core/source/open.ts";
import { assertReadable, describeSlowness, type ReadPlan } from "../../core/source/read-plan.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Pixels } from "../../plugin/contract.ts";

const pictureBytes = 256 * 2 ** 20;
const headBytes = 16;

/** How an image is opened: its name in messages, and for one on a server what ends it and what is told of its bytes. */
export type OpenHow = Required<Pick<OpenOptions, "name">> & Pick<OpenOptions, "signal" | "onBytes">;

/** The image's source, or its pixels where only the browser can decode it. Throws Problem UnsupportedImage, InvalidData, MissingFile. */
export async function openHere(input: Blob | URL | FileSystemDirectoryHandle, how: OpenHow): Promise<ImageSource | Pixels> {
  try {
    return await planView(await openSource(input, how));
  } catch (error) {
    if (!isProblem(error, "UnsupportedImage")) throw error;
    const picture = await readPicture(input);
    if (!picture) throw error;
    return decodePicture(picture, how.name);
  }
}

/** The source with what is to be told of reading it. Throws Problem UnsupportedImage where even its smallest level would take too long. */
async function planView(source: ImageSource): Promise<ImageSource> {
  const { name, levels, notices = [] } = source;
  const planLevel = async (level: number): Promise<ReadPlan | undefined> => {
    const { height, width } = levels[level]!;
    // A level that is damaged is told when it is read.
    return source.plan?.({ y0: 0, x0: 0, y1: height, x1: width, level }).catch(() => undefined);
  };
  try {
    const far = await planLevel(levels.length - 1);
    if (far) assertReadable(name, far);
    const near = levels.length > 1 ? await planLevel(0) : far;
    const slow = [far, near].map((plan) => plan && describeSlowness(name, plan)).find((sentence) => sentence !== undefined);
    return slow === undefined ? source : { ...source, notices: [...notices, slow] };
  } catch (error) {
    source.dispose?.();
    throw error;
  }
}

/** The bytes of a picture that the browser decodes; of anything else no more than the head is read. */
async function readPicture(input: Blob | URL | FileSystemDirectoryHandle): Promise<Blob | undefined> {
  if (input instanceof Blob) return (await isPicture(input)) && input.size <= pictureBytes ? input : undefined;
  if (!(input instanceof URL)) return undefined;
  const client = createHttpClient();
  try {
    const head = await client.get(input, { range: { offset: 0, length: headBytes }, most: pictureBytes });
    if (head === undefined || !(await isPicture(new Blob([head.bytes as BlobPart])))) return undefined;
    const whole = head.isPartial ? await client.get(input, { most: pictureBytes }) : head;
    return whole && new Blob([whole.bytes as BlobPart]);
  } finally {
    client.dispose();
  }
}

async function isPicture(file: Blob): Promise<boolean> {
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, headBytes).arrayBuffer()));
  return head.startsWith("GIF8") || head.startsWith("BM") || head.slice(8, 12) === "WEBP";
}

async function decodePicture(file: Blob, name: string): Promise<Pixels> {
  const bitmap = await createImageBitmap(file).catch((cause: unknown) => {
    const reason = describeError(cause);
    throw new Problem(
      "InvalidData",
      `Expected a whole picture; ${name} cannot be decoded: ${reason}. Save it again as PNG or TIFF.`,
      { path: name, reason },
      { cause },
    );
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const gray = data.every((value, i) => i % 4 === 3 || i % 4 === 0 || value === data[i - 1]);
  const channels = gray ? 1 : 3;
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < channels; c++) pixels[i * channels + c] = data[i * 4 + c]!;
  return { data: pixels, shape: gray ? [height, width] : [height, width, 3], axes: gray ? "yx" : "yxc", name };
}
