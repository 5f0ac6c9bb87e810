import { describe, expect, it } from "vitest";
import { createRandom } from "../../../core/array/random.ts";

const draw = (n: number, next: () => number) => Array.from({ length: n }, next);

describe("random numbers", () => {
  it("are a pure function of seed and stream", () => {
    const numbers = (...of: [number, ...number[]]) => draw(5, createRandom(...of).uniform);
    expect(numbers(7, 3)).toEqual(numbers(7, 3));
    const others: [number, ...number[]][] = [[7], [7, 3], [7, 4], [3, 7], [7, 3, 0], [8, 3], [-7, 3], [7 + 2 ** 32, 3], [7, 3 + 2 ** 40]];
    expect(new Set(others.map((of) => numbers(...of).join())).size).toBe(others.length);
  });

  it("of streams 0, 1, 2... are uniform and unrelated from the first number on", () => {
    const firsts = draw(
      20000,
      (() => {
        let k = 0;
        return () => createRandom(1, k++).uniform();
      })(),
    );
    const histogram = new Array(20).fill(0);
    for (const value of firsts) histogram[Math.floor(20 * value)]++;
    // 1000 each, standard deviation 31.
    for (const count of histogram) expect(Math.abs(count - 1000)).toBeLessThan(160);
    const lag = firsts.slice(1).reduce((sum, value, i) => sum + (value - 0.5) * (firsts[i]! - 0.5), 0) / 20000;
    expect(Math.abs(lag)).toBeLessThan(0.004);
  });

  it("uniform stays in its range, integer hits each number as often, normal has mean 0 and deviation 1", () => {
    const random = createRandom(2);
    const uniform = draw(20000, () => random.uniform(-2, 3));
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...uniform)).toBeLessThan(3);
    const counts = new Array(7).fill(0);
    for (let i = 0; i < 70000; i++) counts[random.integer(7)]++;
    for (const count of counts) expect(Math.abs(count - 10000)).toBeLessThan(500);
    expect(random.integer(1)).toBe(0);
    expect(random.integer(2 ** 32)).toBeLessThan(2 ** 32);
    const normal = draw(40000, random.normal);
    const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length;
    const variance = normal.reduce((sum, value) => sum + (value - mean) ** 2, 0) / normal.length;
    expect(Math.abs(mean)).toBeLessThan(0.025);
    expect(Math.abs(variance - 1)).toBeLessThan(0.04);
    const beyondTwo = normal.filter((value) => Math.abs(value) > 2).length / normal.length;
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.006);
  });
});
