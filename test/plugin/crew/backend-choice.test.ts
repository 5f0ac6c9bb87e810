// Which backend `auto` prefers: the fastest of those that work; and what the user is told when wasm did not.

import { expect, test } from "vitest";
import { pickFastest } from "../../../plugin/crew/backend-choice.ts";
import { describeFallback } from "../../../plugin/crew/describe-fallback.ts";

const timed = (seconds: Readonly<Record<string, number>>) => async (name: string) => {
  const time = seconds[name];
  if (time === undefined) throw new Error("it cannot");
  return time;
};

test("the fastest is picked; of equal ones the first; those that fail are out", async () => {
  expect(await pickFastest(["webgpu", "webgl", "wasm"], timed({ webgpu: 3, webgl: 1, wasm: 2 }))).toBe("webgl");
  expect(await pickFastest(["webgpu", "webgl", "wasm"], timed({ webgpu: 1, webgl: 1, wasm: 1 }))).toBe("webgpu");
  expect(await pickFastest(["webgpu", "webgl", "wasm"], timed({ wasm: 9 }))).toBe("wasm");
  expect(await pickFastest(["webgpu"], timed({}))).toBeUndefined();
});

test("a notice when wasm was passed over, none for a missing GPU", () => {
  const gpu = { backend: "webgpu", chosen: false, reason: "no adapter" } as const;
  expect(describeFallback({ backend: "wasm", trials: [gpu, { backend: "wasm", chosen: true, reason: "" }] })).toBeUndefined();
  const passed = { backend: "wasm", chosen: false, reason: "it is not WebAssembly" } as const;
  expect(describeFallback({ backend: "cpu", trials: [gpu, passed] })).toBe(
    "WebAssembly could not be used, cpu computes, which is slow: it is not WebAssembly.",
  );
});
