import { describe, expect, it } from "vitest";
import { gaussianKernel, smoothInPlace, smoothPixelsInPlace } from "../../../core/array/gaussian.ts";

// scipy.ndimage.gaussian_filter((numpy.arange(35) * 7 % 11).reshape(5, 7).astype(float), sigma, mode="constant"), SciPy 1.10.
const golden: readonly (readonly [sigmaPx: number, values: readonly number[]])[] = [
  // biome-ignore format: as NumPy printed them
  [1, [1.719634767852, 2.866780652064, 3.692417446899, 3.973489328711, 3.472193577728, 3.142507203694, 2.691501253805, 3.013260879052, 4.070357060056, 4.761587410502, 4.930913153746, 4.329382829431, 3.99721555165, 3.306527307772, 3.727822423784, 4.403598071213, 4.804379125276, 5.245535547131, 4.924545586192, 4.288809678705, 3.280194504308, 3.482593356732, 3.947416340844, 4.291243265762, 5.040836088087, 5.027226346305, 4.143357264361, 2.937806469298, 2.746047603882, 2.965323562647, 3.039914133862, 3.590305461623, 3.484761558803, 2.800219715022, 2.108512218726]],
  // biome-ignore format: as NumPy printed them
  [0.7, [1.54636872282, 3.410193348954, 4.196452530072, 5.236015277339, 3.953271297211, 3.446288086651, 3.882779468118, 3.536612008367, 4.082662642482, 5.233261805122, 5.261139515718, 3.680784505874, 4.273444464812, 3.955921123848, 5.159526562123, 4.639061327626, 4.701248419375, 5.810320134914, 4.999048452362, 4.12816675469, 3.988663539411, 4.06166375922, 3.585457080788, 4.343412918025, 5.556137010411, 6.221604231221, 4.577705696507, 3.253108954898, 4.062588160739, 3.365816726486, 2.933519713884, 4.355296391733, 3.895457855558, 2.57821884491, 2.84875929799]],
];

// The same with mode="nearest".
const goldenNearest: typeof golden = [
  // biome-ignore format: as NumPy printed them
  [0.6, [1.713529, 4.785433, 5.038462, 7.461342, 5.310341, 4.072211, 7.139298, 4.631585, 3.754099, 5.54387, 5.22142, 3.084485, 4.56348, 4.880636, 7.482463, 4.795213, 4.45015, 6.243722, 5.0, 3.757198, 5.620296, 5.172351, 3.067465, 4.569847, 5.427974, 6.915515, 4.770034, 3.901869, 7.496988, 4.49429, 3.237276, 5.933381, 4.689659, 2.544251, 5.314627]],
  // biome-ignore format: as NumPy printed them
  [1.5, [3.431384, 4.278755, 5.060435, 5.453757, 5.484454, 5.626706, 6.159905, 4.435736, 4.681059, 5.011977, 5.197299, 5.165448, 5.214433, 5.547898, 5.309632, 5.025636, 4.986584, 5.045215, 4.989453, 4.948896, 5.116499, 5.891757, 5.243055, 4.945284, 4.921482, 4.853323, 4.784066, 4.935352, 6.367317, 5.443607, 4.905637, 4.749849, 4.636544, 4.623456, 4.947865]],
];

describe("Gaussian smoothing", () => {
  it.each(golden)("of %d px gives what SciPy gives, and zeros beyond the grid", (sigmaPx, values) => {
    const data = Float64Array.from({ length: 35 }, (_, i) => (i * 7) % 11);
    smoothInPlace(data, { height: 5, width: 7 }, gaussianKernel(sigmaPx));
    for (const [i, value] of values.entries()) expect(data[i]).toBeCloseTo(value, 10);
  });

  it.each(goldenNearest)(
    "of a channel of %d px gives what SciPy gives where edges go on, and leaves the other channel",
    (sigmaPx, values) => {
      const data = Float32Array.from({ length: 70 }, (_, i) => (i % 2 === 0 ? ((i / 2) * 7) % 11 : 3));
      smoothPixelsInPlace(data, { height: 5, width: 7, channels: 2 }, sigmaPx);
      for (const [i, value] of values.entries()) {
        expect(data[2 * i]).toBeCloseTo(value, 5);
        expect(data[2 * i + 1]).toBeCloseTo(3, 5);
      }
    },
  );
});
