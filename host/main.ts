// The program of the terminal, once the door (start.ts) has let it in.

import { nodeProcess } from "./terminal/process.ts";
import { runTerminal } from "./terminal.ts";

// Whoever reads the output may have read enough ("overtile train ... 2>&1 | head"), and a terminal may be closed: the work goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}

process.exitCode = await runTerminal(process.argv.slice(2), nodeProcess);
