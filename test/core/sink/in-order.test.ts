import { expect, it } from "vitest";
import { createOrder } from "../../../core/sink/in-order.ts";

it("what is ready at any time is taken in the order of the calls; one that fails does not hold up the next", async () => {
  const inOrder = createOrder();
  const taken: number[] = [];
  const after = (milliseconds: number): Promise<number> => new Promise((resolve) => setTimeout(() => resolve(milliseconds), milliseconds));
  const work = [20, 0, 10, 5].map((milliseconds, i) =>
    inOrder(i === 1 ? Promise.reject(new Error("broken")) : after(milliseconds), async (value) => taken.push(value)),
  );
  expect((await Promise.allSettled(work)).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(taken).toEqual([20, 10, 5]);
});
