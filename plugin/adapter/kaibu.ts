// Overtile with Kaibu as the window to look and draw in. Kaibu's vectors have y up while its images lie upside down; so arrays are
// sent with their rows turned round and polygons with y turned round, both ways, and everything looks right and matches.
// Arrays go to "itk-vtk" layers: "2d-image" would fall back to a picture from the network. Objects go as polygons: a second "itk-vtk"
// layer has a camera of its own, and does not lie on the first.

import { traceOutlines } from "../../core/label/shape/trace-outlines.ts";
import { Problem } from "../../core/problem.ts";
import type { Context, Image, Overtile, Parameters, Pixels, Regions } from "../contract.ts";
import { encodePixels, type NdArray } from "./rpc-values.ts";

/** The part of Kaibu's API that is used. */
export interface Kaibu {
  view_image(image: NdArray, options: object): Promise<unknown>;
  add_shapes(shapes: readonly unknown[], options: object): Promise<VectorLayer>;
  add_widget(widget: object): Promise<unknown>;
}
interface VectorLayer {
  get_features(options?: object): Promise<Regions>;
}

export interface KaibuOptions {
  /** Name of the model that is trained, and that segments. */
  readonly model?: string;
  /** Parameters of the button Train; without any it learns for three minutes. */
  readonly train?: Parameters;
  /** Parameters of the button Segment. */
  readonly segment?: Parameters;
  /** How the host follows what the buttons start. */
  readonly context?: Context;
}

/** Long enough for a first model. */
const firstTraining: Parameters = { minutes: 3 };

/** Builds the view of Kaibu: the image, a layer to draw on, and the buttons Segment and Train. `image`: pixels that `assertPlane` lets pass. */
export async function openInKaibu(
  kaibu: Kaibu,
  overtile: Overtile,
  image: Pixels,
  { model = "my model", train = firstTraining, segment = {}, context = {} }: KaibuOptions = {},
): Promise<void> {
  const [height] = image.shape as [number];
  await kaibu.view_image(toKaibu(image), { type: "itk-vtk", name: image.name ?? "image" });
  const drawing = await kaibu.add_shapes([], {
    name: "annotation",
    shape_type: "polygon",
    draw_enable: true,
    draw_freehand: true,
    draw_shape_type: "polygon",
  });
  // _rintf on each element, not on the outer object: after two hops all would else be the last one.
  await kaibu.add_widget({
    type: "control",
    name: "Overtile",
    elements: [
      {
        _rintf: true,
        type: "button",
        label: "Segment",
        async callback() {
          const { labels } = await overtile.segment(image, { ...segment, model, output: "labels" }, context);
          await kaibu.add_shapes(outlinesForKaibu(labels!), { name: "objects", shape_type: "polygon", edge_color: "#ffd54f" });
        },
      },
      {
        _rintf: true,
        type: "button",
        label: "Train",
        async callback() {
          const regions = flipRegions(await drawing.get_features({ decimals: 2 }), height);
          await overtile.train([{ image, regions }], { validate: "0", ...train, name: model }, context);
        },
      },
    ],
  });
}

/** Throws Problem InvalidData for what is not one plane in memory, rows first, with or without channels last: Kaibu shows no other. */
export function assertPlane(image: Image): asserts image is Pixels {
  const isFile = typeof image !== "object" || !("shape" in image);
  const { shape = [], axes = guessAxes(shape) } = isFile ? {} : image;
  if (axes === "yx" || axes === "yxc") return;
  const reason = isFile ? "a file or an address" : `[${shape.join(", ")}]${axes === "" ? "" : ` of axes "${axes}"`}`;
  throw new Problem(
    "InvalidData",
    `For Kaibu an image must be pixels of one plane, { data, shape: [height, width] } or [height, width, channels]; got ${reason}. Open it, and give one plane.`,
    { reason },
  );
}

/** The contract's rule: a last dimension of at most 4 is the channel, else a first one is z. */
function guessAxes(shape: readonly number[]): string {
  if (shape.length === 2) return "yx";
  if (shape.length !== 3) return "";
  return shape[2]! <= 4 ? "yxc" : "zyx";
}

/** Rows turned round; other axes stay. The image is one plane, with or without channels last. */
export function toKaibu({ data, shape }: Pixels): NdArray {
  const rows = shape[0]!;
  const stride = data.length / rows;
  const flipped = data.slice();
  for (let y = 0; y < rows; y++) flipped.set(data.subarray(y * stride, (y + 1) * stride), (rows - 1 - y) * stride);
  return encodePixels({ data: flipped, shape }, "ndarray of a buffer") as NdArray;
}

/** The outer outlines of a label image of one plane as Kaibu takes polygons: rings of [x, y], y up, the first corner again at the end. */
function outlinesForKaibu({ data, shape }: Pixels): readonly (readonly (readonly [number, number])[])[] {
  const [height, width] = shape as [number, number];
  const outlines = traceOutlines({ height, width, data: Uint32Array.from(data) });
  return outlines.flatMap(({ polygons }) =>
    polygons.map(([outer]) => {
      const corners = Array.from({ length: outer.length / 2 }, (_, i) => [outer[2 * i]!, height - outer[2 * i + 1]!] as const);
      return [...corners, corners[0]!];
    }),
  );
}

/** Polygons between Kaibu's y (up) and ours (down); the same function both ways. */
export function flipRegions({ features }: Regions, height: number): Regions {
  const flip = (coordinates: unknown): unknown => {
    if (!Array.isArray(coordinates)) return coordinates;
    if (typeof coordinates[0] === "number") return [coordinates[0], height - coordinates[1], ...coordinates.slice(2)];
    return coordinates.map(flip);
  };
  return {
    type: "FeatureCollection",
    features: features.map(({ geometry, properties }) => {
      const { coordinates, ...rest } = geometry as { coordinates: unknown };
      return { type: "Feature", geometry: { ...rest, coordinates: flip(coordinates) }, properties };
    }),
  };
}
