import { describe, expect, test, vi } from "vitest";
import { createJobQueue, type JobQueue, type Task } from "../../host/jobs.ts";

/** A task that ends when it is told to, and an AbortError when its signal says so. */
function createTask(title: string) {
  let end!: (value: string) => void;
  let fail!: (error: unknown) => void;
  const started = vi.fn();
  const task: Task<string> = {
    title,
    run: ({ signal, stop, job, onProgress }) =>
      new Promise((resolve, reject) => {
        stop.addEventListener("abort", () => resolve(`${title} so far`));
        started(job);
        end = resolve;
        fail = reject;
        signal.addEventListener("abort", () => reject(signal.reason));
        onProgress({ kind: "tile", done: 1, total: 4, job });
      }),
  };
  return { task, started, end: (value: string) => end(value), fail: (error: unknown) => fail(error) };
}

const states = (queue: JobQueue) => queue.list.map((job) => `${job.title} ${job.state}`);
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("a job queue", () => {
  test("runs jobs one at a time, in the order of their arrival", async () => {
    const queue = createJobQueue();
    const [a, b] = [createTask("a"), createTask("b")];
    const jobs = [queue.add(a.task), queue.add(b.task)];
    expect(states(queue)).toEqual(["a running", "b queued"]);
    a.end("A");
    expect(await jobs[0]!.promise).toBe("A");
    await settled();
    expect(states(queue)).toEqual(["a done", "b running"]);
    b.end("B");
    expect(await jobs[1]!.promise).toBe("B");
  });

  test("runs as many at a time as it was told", () => {
    const queue = createJobQueue({ concurrency: 2 });
    for (const title of ["a", "b", "c"]) queue.add(createTask(title).task);
    expect(states(queue)).toEqual(["a running", "b running", "c queued"]);
  });

  test("tells progress to its list, to the caller and to listeners", () => {
    const queue = createJobQueue();
    const heard: unknown[] = [];
    const onProgress = vi.fn();
    queue.on("jobs", () => heard.push([queue.list[0]?.state, queue.list[0]?.progress?.done]));
    const { id } = queue.add({ ...createTask("a").task, onProgress });
    expect(heard).toEqual([
      ["running", undefined],
      ["running", 1],
    ]);
    expect(onProgress).toHaveBeenCalledWith({ kind: "tile", done: 1, total: 4, job: id });
  });

  test("stop ends a running job early, which keeps what it has; a queued one has nothing to keep", async () => {
    const queue = createJobQueue();
    const [a, b, c, d] = ["a", "b", "c", "d"].map((title) => createTask(title));
    const stopper = new AbortController();
    const jobs = [
      queue.add(a!.task),
      queue.add(b!.task),
      queue.add({ ...c!.task, stop: stopper.signal }),
      queue.add({ ...d!.task, stop: AbortSignal.abort() }),
    ];
    await expect(jobs[3]!.promise).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    queue.stop(jobs[0]!.id);
    expect(await jobs[0]!.promise).toBe("a so far");
    await settled();
    expect(states(queue)).toEqual(["a done", "b running", "c queued", "d cancelled"]);
    b!.end("B");
    await settled();
    stopper.abort();
    expect(await jobs[2]!.promise).toBe("c so far");
    const waiting = [queue.add(createTask("e").task), queue.add(createTask("f").task)];
    queue.stop();
    expect(await waiting[0]!.promise).toBe("e so far");
    await expect(waiting[1]!.promise).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });

  test("a failed job rejects with its error, and the next one runs", async () => {
    const queue = createJobQueue();
    const [a, b] = [createTask("a"), createTask("b")];
    const first = queue.add(a.task).promise;
    queue.add(b.task);
    a.fail("a string");
    await expect(first).rejects.toBe("a string");
    await settled();
    expect(states(queue)).toEqual(["a failed", "b running"]);
    expect(queue.list[0]!.error).toBe("a string");
  });

  test("a task that throws before it is a promise fails like any other", async () => {
    const queue = createJobQueue();
    const thrown = queue.add({
      title: "a",
      run: () => {
        throw new Error("at once");
      },
    });
    await expect(thrown.promise).rejects.toThrow("at once");
  });

  test("cancel ends a queued job at once and a running one by its signal", async () => {
    const queue = createJobQueue();
    const [a, b, c] = [createTask("a"), createTask("b"), createTask("c")];
    const [first, second, third] = [queue.add(a.task), queue.add(b.task), queue.add(c.task)];
    queue.cancel(second.id);
    await expect(second.promise).rejects.toMatchObject({ name: "AbortError" });
    queue.cancel(first.id);
    await expect(first.promise).rejects.toMatchObject({ name: "AbortError" });
    await settled();
    expect(states(queue)).toEqual(["a cancelled", "b cancelled", "c running"]);
    expect(b.started).not.toHaveBeenCalled();
    c.end("C");
    await third.promise;
    queue.cancel(third.id);
    expect(states(queue)[2]).toBe("c done");
  });

  test("cancel without a job ends all", async () => {
    const queue = createJobQueue();
    const jobs = ["a", "b", "c"].map((title) => queue.add(createTask(title).task).promise);
    queue.cancel();
    for (const job of jobs) await expect(job).rejects.toMatchObject({ name: "AbortError" });
    expect(states(queue)).toEqual(["a cancelled", "b cancelled", "c cancelled"]);
  });

  test("a job that answers its signal with a result is done: a stopped training keeps its model", async () => {
    const queue = createJobQueue();
    const { id, promise } = queue.add({
      title: "a",
      run: ({ signal }) => new Promise<string>((resolve) => signal.addEventListener("abort", () => resolve("so far"))),
    });
    queue.cancel(id);
    expect(await promise).toBe("so far");
    expect(states(queue)).toEqual(["a done"]);
  });

  test("the caller's signal ends the job, also before it begins", async () => {
    const queue = createJobQueue();
    const controller = new AbortController();
    const running = queue.add({ ...createTask("a").task, signal: controller.signal }).promise;
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    const late = createTask("b");
    await expect(queue.add({ ...late.task, signal: controller.signal }).promise).rejects.toMatchObject({ name: "AbortError" });
    expect(late.started).not.toHaveBeenCalled();
  });

  test("a listener that throws keeps nobody else from hearing, nor the job from running", async () => {
    const queue = createJobQueue();
    const complain = vi.spyOn(console, "error").mockImplementation(() => {});
    const heard = vi.fn();
    queue.on("jobs", () => {
      throw new Error("bad listener");
    });
    const off = queue.on("jobs", heard);
    await queue.add({ title: "a", run: async () => 1 }).promise;
    expect(heard).toHaveBeenCalledTimes(2);
    expect(complain).toHaveBeenCalledTimes(2);
    off();
    await queue.add({ title: "b", run: async () => 1 }).promise;
    expect(heard).toHaveBeenCalledTimes(2);
    complain.mockRestore();
  });

  test("after dispose every pending job is rejected, and so is every new one", async () => {
    const queue = createJobQueue();
    const pending = ["a", "b"].map((title) => queue.add(createTask(title).task).promise);
    queue.dispose();
    for (const job of [...pending, queue.add(createTask("c").task).promise])
      await expect(job).rejects.toMatchObject({ name: "AbortError" });
  });

  test("remembers the last hundred jobs that have ended", async () => {
    const queue = createJobQueue();
    for (let i = 0; i < 105; i++) await queue.add({ title: `${i}`, run: async () => i }).promise;
    expect(queue.list.map((job) => job.title)).toEqual(Array.from({ length: 100 }, (_, i) => `${i + 5}`));
  });
});
