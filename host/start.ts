#!/usr/bin/env node
// The door of the terminal's bundle. It imports nothing by itself and uses words that every Node with modules knows, so that one
// that is too old says so; and what nobody has caught ends in a sentence, not in the code around it.

const leastNode = 20;

/** One line about what nobody has caught. */
function tellUncaught(error: unknown): void {
  const isError = error instanceof Error;
  const stack = process.env["OVERTILE_DEBUG"] !== undefined && isError ? `\n${error.stack}` : "";
  const message = String(isError ? error.message : error).slice(0, 500);
  process.stderr.write(`overtile: something went wrong that should not: ${message} (OVERTILE_DEBUG=1 shows where).${stack}\n`);
  process.exit(1);
}

if (Number(process.versions.node.split(".")[0]) < leastNode) {
  process.stderr.write(`overtile: Node ${leastNode} or newer is needed; this is ${process.version}. Get one from https://nodejs.org.\n`);
  process.exitCode = 1;
} else {
  process.on("uncaughtException", tellUncaught);
  process.on("unhandledRejection", tellUncaught);
  import("./main.ts").catch(tellUncaught);
}
