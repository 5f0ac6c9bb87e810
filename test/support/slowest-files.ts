// A reporter: the ten files that took longest, at the end of a run of many.

import type { Reporter, TestModule } from "vitest/node";

const shown = 10;

export class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= shown) return;
    const secondsOf = (module: TestModule): number => {
      const { duration, collectDuration, setupDuration, prepareDuration } = module.diagnostic();
      return (duration + collectDuration + setupDuration + prepareDuration) / 1000;
    };
    const slowest = [...modules].sort((a, b) => secondsOf(b) - secondsOf(a)).slice(0, shown);
    console.log(`\nThe ${shown} slowest of ${modules.length} files, in seconds:`);
    for (const module of slowest) console.log(`${secondsOf(module).toFixed(1).padStart(7)}  ${module.relativeModuleId}`);
  }
}
