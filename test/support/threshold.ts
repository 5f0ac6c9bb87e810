// A network whose answer is known: it calls a pixel an object where it is brighter than the middle of the image's range.

import type { Network } from "../../core/engine/network.ts";
import { marginPx } from "../../core/unet/shape.ts";
import { createSpec } from "../../core/unet/spec.ts";

export const thresholdSpec = createSpec({ levels: 1, features: 1, channels: 1, classes: 2 });

/** The network; `onPredict` is called before each tile. */
export function createThreshold(onPredict: () => void = () => {}): Network {
  const margin = marginPx(thresholdSpec.levels);
  return {
    async setWeights() {},
    async predict({ height, width, data }, signal) {
      signal?.throwIfAborted();
      onPredict();
      const [rows, columns] = [height - 2 * margin, width - 2 * margin];
      return Float32Array.from({ length: rows * columns * 2 }, (_, i) => {
        const pixel = i >> 1;
        const value = data[(Math.floor(pixel / columns) + margin) * width + (pixel % columns) + margin]!;
        return i % 2 === 0 ? 0 : 4 * (value - 0.5);
      });
    },
    gradient: () => Promise.reject(new Error("not asked for")),
    dispose() {},
  };
}
