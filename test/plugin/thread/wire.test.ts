// The wire, between two ends in this thread: a dead worker rejects what is pending, versions are compared, problems cross whole.

import { MessageChannel, type MessagePort } from "node:worker_threads";
import { expose } from "comlink";
import { expect, test } from "vitest";
import { Problem } from "../../../core/problem.ts";
import { toEndpoint } from "../../../plugin/thread/node-worker.ts";
import { carryProblems, connect, type Greeter, protocolVersion, type WorkerThread } from "../../../plugin/thread/wire.ts";

interface Api extends Greeter {
  fail(): Promise<never>;
  failPlainly(): Promise<never>;
  wait(): Promise<never>;
}

interface FakeThread extends WorkerThread {
  die(reason: string): void;
  isEnded: boolean;
}

function createThread(api: Partial<Api>): FakeThread {
  const { port1, port2 } = new MessageChannel();
  carryProblems();
  expose({ greet: () => protocolVersion, ...api }, toEndpoint(port2 as MessagePort));
  let die: (reason: string) => void = () => {};
  return {
    endpoint: toEndpoint(port1),
    isEnded: false,
    onDeath(callback) {
      die = callback;
    },
    die: (reason) => die(reason),
    terminate() {
      this.isEnded = true;
      port1.close();
    },
  };
}

const cause = new Error("deep");
const api: Partial<Api> = {
  async fail() {
    throw new Problem("InvalidParameter", "a; b; c.", { parameter: "tile", value: 200, nearest: [204] }, { cause });
  },
  async failPlainly() {
    throw new RangeError("plain");
  },
  wait: () => new Promise(() => {}),
};

test("a problem crosses with kind, details, message and cause; other errors with name and message", async () => {
  const connection = await connect<Api>(() => createThread(api));
  const problem = await connection.call((remote) => remote.fail()).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(Problem);
  expect(problem).toMatchObject({
    kind: "InvalidParameter",
    message: "a; b; c.",
    details: { parameter: "tile", value: 200, nearest: [204] },
  });
  expect((problem as Error).cause).toMatchObject({ message: "deep" });
  await expect(connection.call((remote) => remote.failPlainly())).rejects.toMatchObject({ name: "RangeError", message: "plain" });
  connection.close();
});

test("a worker that dies rejects every pending call and every later one with WorkerLost", async () => {
  const thread = createThread(api);
  const connection = await connect<Api>(() => thread);
  const pending = [connection.call((remote) => remote.wait()), connection.call((remote) => remote.wait())];
  thread.die("it was shot");
  for (const call of [...pending, connection.call((remote) => remote.wait())]) {
    await expect(call).rejects.toMatchObject({ kind: "WorkerLost", details: { reason: "it was shot" } });
  }
  expect(connection.isLost).toBe(true);
});

test("a life that ends closes the connection, while it starts and later", async () => {
  for (const starts of [true, false]) {
    const life = new AbortController();
    const thread = createThread(starts ? { greet: () => new Promise(() => {}) } : api);
    const connecting = connect<Api>(() => thread, 1000, life.signal);
    const pending = starts ? connecting : (await connecting).call((remote) => remote.wait());
    life.abort();
    await expect(pending).rejects.toMatchObject({ kind: "WorkerLost" });
    expect(thread.isEnded).toBe(true);
  }
});

test("another version is refused, and the worker ended", async () => {
  const thread = createThread({ greet: () => 99 });
  await expect(connect<Api>(() => thread)).rejects.toMatchObject({
    kind: "ProtocolMismatch",
    details: { ours: protocolVersion, theirs: 99 },
  });
  expect(thread.isEnded).toBe(true);
});

test("a worker that never answers is given up in time; one that may not start says why", async () => {
  await expect(connect<Api>(() => createThread({ greet: () => new Promise(() => {}) }), 30)).rejects.toMatchObject({ kind: "WorkerLost" });
  const refused = connect<Api>(() => {
    throw new DOMException("worker-src", "SecurityError");
  });
  await expect(refused).rejects.toMatchObject({ kind: "WorkerLost", message: expect.stringMatching(/refused \(worker-src\)/) });
});
