// Time that this process has used, not time on the clock: a machine may be busy with other things.

/** Starts to count; the function that comes back tells the milliseconds of the processor since. */
export function countProcessorMs(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}
