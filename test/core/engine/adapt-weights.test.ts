import { describe, expect, it } from "vitest";
import { adaptWeights, describeAdaptation, type NamedNetwork } from "../../../core/engine/adapt-weights.ts";
import { initializeWeights } from "../../../core/engine/initialize.ts";
import { countParameters, isWeighted, planLayers } from "../../../core/unet/layers.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { randomNumbers } from "../model/sample-model.ts";

const network = (channelNames: readonly string[], classNames: readonly string[]): NamedNetwork => ({
  spec: createSpec({ channels: channelNames.length, classes: classNames.length, levels: 1, features: 2, dropout: 0 }),
  channelNames,
  classNames,
});
const withWeights = (named: NamedNetwork) => ({ ...named, weights: randomNumbers(countParameters(planLayers(named.spec)), 5) });

/** Numbers of a layer's filter, as [place, in, out], and its bias. */
function layerOf({ spec }: NamedNetwork, weights: Float32Array, wanted: string) {
  const { filter, bias, outputs, inputs } = planLayers(spec).filter(isWeighted).find(({ name }) => name === wanted)!; // biome-ignore format: one step
  const at = (place: number, input: number, output: number): number =>
    weights[filter.offset + (place * inputs + input) * outputs + output]!;
  return { at, inputs, outputs, bias: [...weights.subarray(bias.offset, bias.offset + bias.size)] };
}

const grey = withWeights(network(["grey"], ["background", "nucleus"]));

describe("a model that goes on learning from other images", () => {
  it("is not changed where channels and classes are as many, whatever they are called", () => {
    expect(adaptWeights(grey, network(["DAPI"], ["background", "cell"]), 1)).toEqual(grey.weights);
    expect(describeAdaptation(grey, network(["DAPI"], ["background", "cell"]))).toEqual([]);
  });

  it("reads colours as it read grey: where all channels are equal, the first layer gives what it gave", () => {
    const colour = network(["red", "green", "blue"], grey.classNames);
    const adapted = withAdapted(grey, colour);
    const [before, after] = [layerOf(grey, grey.weights, "down0a"), layerOf(colour, adapted, "down0a")];
    const back = layerOf(grey, adaptWeights({ ...colour, weights: adapted }, grey, 1), "down0a");
    for (let place = 0; place < 9; place++) {
      for (let output = 0; output < 2; output++) {
        const sum = [0, 1, 2].reduce((total, channel) => total + after.at(place, channel, output), 0);
        expect(sum).toBeCloseTo(before.at(place, 0, output), 6);
        expect(after.at(place, 0, output)).toBe(after.at(place, 2, output));
        expect(back.at(place, 0, output)).toBeCloseTo(before.at(place, 0, output), 6);
      }
    }
    expect(after.bias).toEqual(before.bias);
    const rest = (weights: Float32Array): number[] => [...weights.subarray(-(grey.weights.length - 9 * 2))];
    expect(rest(adapted)).toEqual(rest(grey.weights));
  });

  it("keeps the filters of channels that it knows by name, and new ones begin at 0", () => {
    const two = withWeights(network(["DAPI", "GFP"], grey.classNames));
    const other = network(["RFP", "DAPI", "Cy5"], grey.classNames);
    const adapted = withAdapted(two, other);
    const [before, after] = [layerOf(two, two.weights, "down0a"), layerOf(other, adapted, "down0a")];
    for (let place = 0; place < 9; place++)
      expect([0, 1, 2].map((channel) => after.at(place, channel, 1))).toEqual([0, before.at(place, 0, 1), 0]);
    expect(describeAdaptation(two, other)).toEqual([
      "The model to go on from reads 2 channels (DAPI, GFP), the images have 3 channels (RFP, DAPI, Cy5): DAPI keeps its filters, others begin at 0.",
    ]);
  });

  it("keeps the head's rows by name; new classes begin at random, by the seed", () => {
    const more = network(["grey"], ["background", "class 2", "nucleus"]);
    const [adapted, again, other] = [1, 1, 2].map((seed) => adaptWeights(grey, more, seed)) as [Float32Array, Float32Array, Float32Array];
    expect(again).toEqual(adapted);
    const [before, after] = [layerOf(grey, grey.weights, "head"), layerOf(more, adapted, "head")];
    const fresh = layerOf(more, initializeWeights(more.spec, 1), "head");
    for (let input = 0; input < 2; input++) {
      const row = [before.at(0, input, 0), fresh.at(0, input, 1), before.at(0, input, 1)];
      expect([0, 1, 2].map((output) => after.at(0, input, output))).toEqual(row);
    }
    expect(after.bias).toEqual([before.bias[0], 0, before.bias[1]]);
    expect(other.subarray(0, -9)).toEqual(adapted.subarray(0, -9));
    expect(other).not.toEqual(adapted);
    expect(adaptWeights({ ...more, weights: adapted }, grey, 1)).toEqual(grey.weights);
    expect(describeAdaptation(grey, more)).toEqual([
      "The model to go on from knows 2 classes, this training has 3: class 2 begins at random.",
    ]);
  });
});

function withAdapted(from: NamedNetwork & { readonly weights: Float32Array }, to: NamedNetwork): Float32Array {
  return adaptWeights(from, to, 1);
}
