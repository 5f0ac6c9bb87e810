#!/usr/bin/env node
// The entry of the terminal's bundle.

import { nodeProcess } from "./terminal/process.ts";
import { runTerminal } from "./terminal.ts";

// Whoever reads the output may have read enough: "overtile info | head".
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await runTerminal(process.argv.slice(2), nodeProcess);
