import { describe, expect, it } from "vitest";
import { type Progress, runJob } from "../../../core/job.ts";
import { isProblem } from "../../../core/problem.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { openPixels } from "../../../core/source/pixels.ts";
import type { ImageSource } from "../../../core/source/source.ts";
import { type ReadSamples, type ReadSamplesOptions, readSamples, type SampleSource } from "../../../core/training/read-samples.ts";

const side = 72;
const cells = generateCells({ height: side, width: side, seed: 5 });
const plane = (data: Uint8Array | Uint16Array | Uint32Array | Float32Array, shape: readonly number[] = [side, side]): ImageSource =>
  openPixels({ data, shape });
const image = (): ImageSource => plane(cells.image.data);
const labels = Uint16Array.from(cells.labels.data);
const sampleOf = (name: string, more: Partial<SampleSource>): SampleSource => ({ name, image: image(), ...more });

const defaults: ReadSamplesOptions = {
  planesOf: () => [{ z: 0, t: 0, channels: [0] }],
  channels: 1,
  classes: "auto",
  weightsFor: () => ({ form: "ronneberger2015", w0: 10, sigmaPx: 5, balance: true }),
};

async function read(
  samples: readonly SampleSource[],
  options: Partial<ReadSamplesOptions> = {},
): Promise<ReadSamples & { readonly notices: readonly string[] }> {
  const told: Progress[] = [];
  const result = await runJob(readSamples(samples, { ...defaults, ...options }), (progress) => told.push(progress));
  return { ...result, notices: told.flatMap((progress) => (progress.kind === "notice" ? [progress.message] : [])) };
}

const failure = async (samples: readonly SampleSource[], options?: Partial<ReadSamplesOptions>): Promise<string> => {
  const error = await read(samples, options).catch((e: unknown) => e);
  if (!isProblem(error)) throw new Error(`no Problem came: ${String(error)}`);
  return `${error.kind}: ${error.message}`;
};

describe("samples that are read", () => {
  it("have their grey values stretched by the image's own percentiles, and inputs are not changed", async () => {
    const before = cells.image.data.slice();
    const { images } = await read([sampleOf("a", { labels: plane(labels) })]);
    const { data } = images[0]!.prepared.image;
    const sorted = [...cells.image.data].sort((a, b) => a - b);
    const [low, high] = [0.01, 0.998].map((share) => {
      const at = share * (sorted.length - 1);
      return sorted[Math.floor(at)]! + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - sorted[Math.floor(at)]!);
    }) as [number, number];
    for (const [i, value] of data.entries()) expect(value).toBeCloseTo((cells.image.data[i]! - low) / (high - low + 1e-6), 4);
    expect(cells.image.data).toEqual(before);
  });

  it("count their classes: 2 for labels and for masks of 0 and 255, else as many as are drawn", async () => {
    const mask = Uint8Array.from(labels, (id) => (id > 0 ? 255 : 0));
    const kinds = Uint8Array.from(labels, (id) => (id === 0 ? 0 : 1 + (id % 3)));
    expect((await read([sampleOf("a", { labels: plane(labels) })])).classes).toBe(2);
    expect((await read([sampleOf("a", { classes: plane(mask) })])).classes).toBe(2);
    expect((await read([sampleOf("a", { classes: plane(kinds) })])).classes).toBe(4);
    expect((await read([sampleOf("a", { classes: plane(kinds) }), sampleOf("b", { labels: plane(labels) })])).classes).toBe(4);
    expect((await read([sampleOf("a", { classes: plane(kinds) })], { classes: 6 })).classes).toBe(6);
  });

  it("hold nothing of what is written under ignore: neither in weights, targets and objects, nor in the number of classes", async () => {
    const ignore = Uint8Array.from({ length: side * side }, (_, i) => (i % side < 17 || i < 5 * side ? 255 : 0));
    const scribble = (clean: Uint16Array, garbage: number): Uint16Array =>
      clean.map((id, i) => (ignore[i] === 0 ? id : garbage && garbage + (i % 7)));
    const kinds = labels.map((id) => (id === 0 ? 0 : 1 + (id % 2)));
    for (const balance of [true, false]) {
      const weightsFor: ReadSamplesOptions["weightsFor"] = () => ({ form: "ronneberger2015", w0: 10, sigmaPx: 5, balance });
      for (const [kind, clean] of [
        ["labels", labels],
        ["classes", kinds],
      ] as const) {
        const [plain, scribbled] = await Promise.all(
          [0, 200].map((garbage) =>
            read([sampleOf("a", { [kind]: plane(scribble(clean, garbage)), ignore: plane(ignore) })], { weightsFor }),
          ),
        );
        expect(scribbled!.classes).toBe(plain!.classes);
        expect(scribbled!.notices).toEqual(plain!.notices);
        expect(scribbled!.images).toEqual(plain!.images);
        const { weight } = plain!.images[0]!.prepared;
        expect(Array.from(weight, (w) => w === 0)).toEqual(Array.from(ignore, (value) => value !== 0));
      }
    }
  });

  it("are one a plane; a drawing of one plane stands for all of its image", async () => {
    const deep = Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * 31 + Math.floor(i / (side * side)) * 7) % 256);
    const stack = openPixels({ data: deep, shape: [3, side, side], axes: "zyx" });
    const planesOf = ({ sizeZ }: ImageSource) => Array.from({ length: sizeZ }, (_, z) => ({ z, t: 0, channels: [0] }));
    const { images } = await read([sampleOf("deep", { image: stack, labels: plane(labels) })], { planesOf });
    expect(images.map(({ name }) => name)).toEqual(["deep", "deep", "deep"]);
    expect(images[1]!.prepared.target).toEqual(images[0]!.prepared.target);
    expect(images[1]!.prepared.image.data).not.toEqual(images[0]!.prepared.image.data);

    const drawn = Uint16Array.from({ length: 3 * side * side }, (_, i) =>
      i % (side * side) < 100 * (1 + Math.floor(i / (side * side))) ? 1 : 0,
    );
    const drawing = openPixels({ data: drawn, shape: [3, side, side], axes: "zyx" });
    const each = await read([sampleOf("deep", { image: stack, labels: drawing })], { planesOf });
    expect(each.images.map(({ prepared }) => prepared.target.reduce((sum, value) => sum + value, 0))).toEqual([100, 200, 300]);
  });

  it("give a notice for what is suspicious, and are taken all the same", async () => {
    const mask = labels.map((id) => (id > 0 ? 255 : 0));
    const one = labels.map((_, i) => (i < 50 ? 3 : 0));
    const samples = [
      sampleOf("mask", { labels: plane(mask) }),
      sampleOf("one", { labels: plane(one) }),
      sampleOf("empty", { labels: plane(new Uint8Array(side * side)) }),
      sampleOf("flat", { classes: plane(new Uint8Array(side * side).fill(1)) }),
      sampleOf("hidden", { labels: plane(labels), ignore: plane(new Uint8Array(side * side).fill(1)) }),
      sampleOf("good", { labels: plane(labels) }),
    ];
    const { images, notices } = await read(samples);
    expect(images.length).toBe(6);
    expect(notices).toEqual([
      expect.stringMatching(/^mask: The labels hold 0 and 255 only: they are read as one object in \d+ parts\..*"classes\/"/),
      "one: The labels hold one object only (3).",
      "empty: The labels are empty: everything is taken for background.",
      "flat: All pixels are of class 1: this image teaches no difference.",
      "hidden: All pixels are ignored: this image teaches nothing.",
    ]);
  });
});

describe("classes that others have numbered", () => {
  const kinds = labels.map((id) => (id === 0 ? 0 : 1 + (id % 2)));
  const sample = (data: Uint8Array | Uint16Array, more: Partial<SampleSource> = {}) => sampleOf("a", { classes: plane(data), ...more });

  it("as grey values teach the same as numbers from 0, and that is told once", async () => {
    const plain = await read([sample(kinds), sample(kinds)]);
    const grey = await read([sample(kinds.map((kind) => 85 * kind)), sample(kinds.map((kind) => 85 * kind))]);
    expect(plain.notices).toEqual([]);
    expect(grey.notices).toEqual([expect.stringMatching(/grey values 0, 85 and 170: they are read as 3 classes/)]);
    expect({ ...grey, notices: [] }).toEqual(plain);
  });

  it("with 255 where nothing counts teach the same as with ignore/", async () => {
    const isVoid = (i: number): boolean => i % side < 9;
    const ignore = plane(Uint8Array.from({ length: side * side }, (_, i) => (isVoid(i) ? 1 : 0)));
    const marked = await read([sample(kinds.map((kind, i) => (isVoid(i) ? 255 : kind)))]);
    const ignored = await read([sample(kinds, { ignore })]);
    expect(marked.notices).toEqual([expect.stringMatching(/255 in the classes is read as "ignored"/)]);
    expect({ ...marked, notices: [] }).toEqual(ignored);
  });

  it("to more classes than the network has are refused with their place", async () => {
    expect(await failure([sample(kinds)], { classes: 2 })).toMatch(/Classes must be whole numbers from 0 to 1; got 2 at x/);
    expect(await failure([sample(Int16Array.from(kinds, (kind) => kind - 1) as never)])).toMatch(
      /got -1 at x.*Put what counts for nothing into "ignore\/"/,
    );
  });

  it("as objects are, or objects numbered as classes are: that is told", async () => {
    const { notices } = await read([sampleOf("a", { labels: plane(kinds) })]);
    expect(notices).toEqual([expect.stringMatching(/^a: The labels hold 2 numbers in \d+ separate parts; .*"classes\/"/)]);
    const many = Uint16Array.from(
      { length: side * side },
      (_, i) => (i % 8 < 5 && i % (8 * side) < 5 * side ? 1 + Math.floor((i % side) / 8) + 9 * Math.floor(i / (8 * side)) : 0) % 200,
    );
    expect((await read([sample(many)])).notices.join()).toMatch(/The classes hold \d+ numbers in \d+ separate parts; .*"labels\/"/);
  });
});

describe("drawings whose numbers were changed", () => {
  it("are refused: smoothed ones, and JPEG", async () => {
    const smoothed = Uint8Array.from(labels, (_, i) => {
      const at = (k: number): number => (labels[k] ? 255 : 0);
      return Math.round((at(i) + at(i + 1) + at(i + side) + at(i + side + 1)) / 4);
    });
    for (const kind of ["labels", "classes"] as const) {
      expect(await failure([sampleOf("a", { [kind]: plane(smoothed) })])).toMatch(
        new RegExp(`InvalidData: a: The ${kind} hold numbers between`),
      );
      const lossy = { ...plane(labels), lossy: true };
      expect(await failure([sampleOf("a", { [kind]: lossy })])).toMatch(new RegExp(`InvalidData: a: The ${kind} are saved as JPEG`));
    }
    const halves = plane(Float32Array.from(labels, (id) => id / 2));
    expect(await failure([sampleOf("a", { labels: halves })])).toMatch(/whole numbers, without smoothing or scaling/);
  });
});

describe("samples that cannot teach are refused, with what to do", () => {
  it("when nothing is drawn, when nothing is left undrawn, and when everything is ignored", async () => {
    const full = (value: number): ImageSource => plane(new Uint8Array(side * side).fill(value));
    expect(await failure([sampleOf("a", { labels: full(0) })])).toMatch(/InvalidData: .*all labels are empty\. Draw a few objects/);
    expect(await failure([sampleOf("a", { labels: full(1) })])).toMatch(/InvalidData: .*there is no background\. .*leave some background/);
    expect(await failure([sampleOf("a", { labels: plane(labels), ignore: full(1) })])).toMatch(/InvalidData: .*every pixel is ignored/);
    // Two that complete each other teach.
    expect((await read([sampleOf("a", { labels: full(0) }), sampleOf("b", { labels: full(1) })])).images.length).toBe(2);
  });

  it("when sizes differ, numbers are no whole ones, classes are too many, pixels are no numbers", async () => {
    const short = plane(new Uint8Array(side * 40), [40, side]);
    for (const kind of ["labels", "classes", "ignore"] as const) {
      const sample = sampleOf("a", { labels: plane(labels), [kind]: short });
      expect(await failure([sample])).toMatch(new RegExp(`InvalidData: .*same size; got image has 72 x 72 pixels, ${kind} 72 x 40 in "a"`));
    }
    const halves = plane(Float32Array.from(labels, (id) => id / 2));
    expect(await failure([sampleOf("a", { labels: halves })])).toMatch(/InvalidData: Labels must be whole numbers/);
    expect(await failure([sampleOf("a", { classes: plane(labels.map((id) => id % 4)) })], { classes: 3 })).toMatch(
      /Classes must be whole numbers from 0 to 2; got 3/,
    );
    const nan = Float32Array.from(cells.image.data);
    nan[100] = Number.NaN;
    expect(await failure([{ ...sampleOf("a", { labels: plane(labels) }), image: plane(nan) }])).toMatch(/^UnsupportedImage: /);
  });

  it("when a drawing has some planes of its image, but not all", async () => {
    const stack = (planes: number, axis: "z" | "t"): ImageSource =>
      openPixels({ data: new Uint8Array(planes * side * side).map((_, i) => i % 7), shape: [planes, side, side], axes: `${axis}yx` });
    const planesOf = ({ sizeZ, sizeT }: ImageSource) =>
      Array.from({ length: sizeZ * sizeT }, (_, i) => ({ z: i % sizeZ, t: Math.floor(i / sizeZ), channels: [0] }));
    for (const axis of ["z", "t"] as const) {
      for (const kind of ["labels", "classes", "ignore"] as const) {
        const sample = { ...sampleOf("a", { labels: stack(5, axis), [kind]: stack(3, axis) }), image: stack(5, axis) };
        expect(await failure([sample], { planesOf })).toMatch(
          new RegExp(`InvalidData: Image and ${kind} must have equally many planes; got image has .*5.*, ${kind} .*3.* in "a"`),
        );
      }
    }
  });

  it("when labels or classes are colours, of which one channel would be read", async () => {
    const colours = Uint8Array.from({ length: 3 * side * side }, (_, i) => labels[Math.floor(i / 3)]! % (7 + (i % 3)));
    const drawn = openPixels({ data: colours, shape: [side, side, 3], axes: "yxc" });
    for (const kind of ["labels", "classes"] as const) {
      expect(await failure([sampleOf("a", { [kind]: drawn })])).toMatch(
        new RegExp(`InvalidData: ${kind} must have one channel; got 3 channels in "a"\\. Save them as a grey image`, "i"),
      );
    }
    const corner = openPixels({ data: colours.map((_, i) => (i < 3 * side ? 255 : 0)), shape: [side, side, 3], axes: "yxc" });
    expect((await read([sampleOf("a", { labels: plane(labels), ignore: corner })])).images.length).toBe(1);
  });

  it("when a chosen plane or channel is not there", async () => {
    const labelled = sampleOf("a", { labels: plane(labels) });
    expect(await failure([labelled], { planesOf: () => [{ z: 2, t: 0, channels: [0] }] })).toMatch(
      /InvalidParameter: .*planes z 0 to 0.*got z=2/,
    );
    expect(await failure([labelled], { planesOf: () => [{ z: 0, t: 0, channels: [0, 1] }], channels: 2 })).toMatch(
      /InvalidParameter: The network reads 2 channels/,
    );
  });

  it("and an abort ends the reading", async () => {
    const signal = AbortSignal.abort();
    await expect(read([sampleOf("a", { labels: plane(labels) })], { signal })).rejects.toThrow(
      expect.objectContaining({ name: "AbortError" }),
    );
  });
});

describe("the objects by whose number pixels are weighted", () => {
  const asked = async (samples: readonly SampleSource[]): Promise<readonly [number, number]> => {
    let objects = Number.NaN;
    const { weights } = await read(samples, {
      weightsFor: (count) => {
        objects = count;
        return { form: "ronneberger2015", w0: count, sigmaPx: 5, balance: false };
      },
    });
    return [objects, weights.form === "ronneberger2015" ? weights.w0 : Number.NaN];
  };
  const squares = (count: number): Uint8Array =>
    Uint8Array.from({ length: side * side }, (_, i) => {
      const [y, x] = [Math.floor(i / side), i % side];
      const id = 6 * Math.floor(y / 12) + Math.floor(x / 12);
      return id < count && y % 12 < 6 && x % 12 < 6 ? 1 + id : 0;
    });

  it("are those of all drawings together, of labels and of classes alike, counted up to twenty; what is ignored is none", async () => {
    expect(await asked([sampleOf("a", { labels: plane(squares(5)) }), sampleOf("b", { labels: plane(squares(3)) })])).toEqual([8, 8]);
    expect(await asked([sampleOf("a", { classes: plane(squares(5).map((id) => (id > 0 ? 1 : 0))) })])).toEqual([5, 5]);
    expect(await asked([sampleOf("a", { labels: plane(squares(30)) })])).toEqual([20, 20]);
    const ignore = squares(5).map((id) => (id === 2 ? 255 : 0));
    expect(await asked([sampleOf("a", { labels: plane(squares(5)), ignore: plane(ignore) })])).toEqual([4, 4]);
  });
});
