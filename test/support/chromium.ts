// The Chromium of the tests. A process starts one for each set of flags, and all its test files use it, each page in a context of
// its own: vitest runs the browser project without isolation, so that a whole run starts as many as it has workers. It ends with
// the process. A test that harms its browser starts one of its own.

import { type Browser, chromium } from "playwright-core";

const { findChromium } = (await import("../../tools/find-chromium.mjs" as string)) as { findChromium(): string | undefined };

/** Path of the Chromium on this machine; where there is none, the place where it is missed. */
export const chromiumPath = findChromium() ?? process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** False where there is no Chromium: tests of the viewer that need one are then skipped by name. */
export const hasChromium = findChromium() !== undefined;

const common = [
  "--no-sandbox",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--enable-unsafe-swiftshader",
  "--use-angle=swiftshader",
  // Pages are put together without the software GPU, which has enough to do with what they compute and draw: a third of the time.
  "--disable-gpu-compositing",
];
const sets = {
  viewer: [...common, "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
  bundle: [
    ...common,
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    // lan.test: this machine under a name that is no secure context.
    "--host-resolver-rules=MAP lan.test 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
  ],
} as const;
export type Flags = keyof typeof sets;

const shared = new Map<Flags, Promise<Browser>>();

/** Returns this process's browser with these flags; it is started where there is none or the last one has ended. */
export async function shareBrowser(flags: Flags): Promise<Browser> {
  const browser = await shared.get(flags);
  if (!browser?.isConnected()) shared.set(flags, launchBrowser(flags));
  return shared.get(flags)!;
}

/** Starts a browser that nobody else uses. */
export const launchBrowser = (flags: Flags): Promise<Browser> => chromium.launch({ executablePath: chromiumPath, args: [...sets[flags]] });
