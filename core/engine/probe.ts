// A backend is trusted after it has answered rightly: one small network of known weights on a known image, forward, loss and
// all gradients, against numbers computed with PyTorch (tools/probe_answer.py). Drivers that compute wrong, or never
// answer, are found here and not in a user's result.

import { planLayers, weightSlots } from "../unet/layers.ts";
import { createSpec } from "../unet/spec.ts";
import { createNetwork } from "./network.ts";
import { normOf } from "./optimizer.ts";

const spec = createSpec({ levels: 1, features: 4, dropout: 0 });
const height = 20;
const width = 24;
const known = {
  loss: 1.373867392539978,
  /** Every eighth of the 4 x 8 x 2 logits. */
  logits: [-0.07709669, -0.09618025, -0.05312446, -0.07289495, -0.06209907, -0.06314622, -0.1305208, -0.205789],
  /** Norm of the gradient to each weight tensor, in the order of the layers. */
  gradientNorms: [
    0.0429904, 0.02593112, 0.140004, 0.03734291, 0.07495351, 0.01342264, 0.0928311, 0.01931494, 0.04994371, 0.02775963, 0.2859842,
    0.0648889, 0.08397292, 0.07790667, 0.04950895, 0.1044718,
  ],
};

/** The bar of ONNX Runtime Web for GPU backends (QUALITY.md R7). */
const tolerance = 1e-3;

/** Throws an Error that says what was wrong, or that no answer came within `timeoutMs`. */
export async function probeBackend(timeoutMs = 5000): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new AbortController(); // an answer that comes late must not compute on, on the backend that is tried next
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the probe got no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  try {
    const asked = askNetwork(end.signal);
    asked.catch(() => {}); // nobody listens to one that is late
    await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}

async function askNetwork(signal: AbortSignal): Promise<void> {
  const network = createNetwork(spec);
  try {
    await network.setWeights(knownWeights());
    const data = Float32Array.from({ length: height * width }, (_, i) => Math.cos(0.7 * i));
    const logits = await network.predict({ height, width, data }, signal);
    assertNear("logits", sampleEvery(logits, 8), known.logits);

    const pixels = logits.length / 2;
    const target = Uint8Array.from({ length: pixels }, (_, i) => i % 2);
    const weight = Float32Array.from({ length: pixels }, (_, i) => 1 + (i % 3));
    const { loss, gradient } = await network.gradient({ height, width, data, target, weight, seed: 0, index: 0 }, 1 / pixels, signal);
    assertNear("loss", [loss], [known.loss]);
    const norms = weightSlots(planLayers(spec)).map(({ offset, size }) => normOf(gradient.subarray(offset, offset + size)));
    assertNear("gradients", norms, known.gradientNorms);
  } finally {
    network.dispose();
  }
}

function knownWeights(): Float32Array {
  const layers = planLayers(spec);
  const slots = weightSlots(layers);
  const weights = new Float32Array(slots.reduce((sum, slot) => sum + slot.size, 0));
  for (const { offset, size, shape } of slots) {
    const [kh, kw, third, fourth] = shape as [number, number, number, number];
    const isUpConv = kh === 2;
    const scale = shape.length === 1 ? 0.1 : Math.sqrt(2 / (isUpConv ? fourth : kh * kw * third));
    for (let i = offset; i < offset + size; i++) weights[i] = scale * Math.sin(0.7311 * i * i);
  }
  return weights;
}

function sampleEvery(values: Float32Array, step: number): number[] {
  return Array.from({ length: Math.ceil(values.length / step) }, (_, i) => values[i * step]!);
}

function assertNear(what: string, found: readonly number[], wanted: readonly number[]): void {
  const scale = Math.max(...wanted.map(Math.abs));
  const error = Math.max(...wanted.map((value, i) => Math.abs(found[i]! - value))) / scale;
  // Negated, so that NaN fails.
  if (!(error <= tolerance)) throw new Error(`it computes wrong ${what} (relative error ${error.toPrecision(2)}; ${tolerance} is allowed)`);
}
