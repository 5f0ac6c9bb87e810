// The notice of an image that a server sends whole: how much has come, how long the rest will take, and a button that ends it.

import type { Notice, Workspace } from "../model/workspace.ts";
import { formatTime } from "../panel/jobs-panel.ts";
import type { OpenHow } from "../read/open-here.ts";

const firstMs = 1000;
const everyMs = 1000;

/** Opens an image by `open`. What takes longer than a second is told while it comes; Cancel ends it with an AbortError. */
export async function tellOpening<R>(workspace: Workspace, title: string, open: (how: Omit<OpenHow, "name">) => Promise<R>): Promise<R> {
  const controller = new AbortController();
  const began = performance.now();
  let told = began + firstMs - everyMs;
  let notice: Notice | undefined;
  const onBytes: OpenHow["onBytes"] = (bytes, total) => {
    const now = performance.now();
    if (now < told + everyMs) return;
    told = now;
    const rest =
      total === undefined ? "" : ` of ${toMegabytes(total)}, ${formatTime(((now - began) * (total - bytes)) / bytes / 1000)} left`;
    const text = `Opening ${title}: ${toMegabytes(bytes)}${rest}. Its server sends it whole.`;
    notice = { kind: "info", text, stays: true, action: { title: "Cancel", run: () => controller.abort() } };
    workspace.status.value = notice;
  };
  try {
    return await open({ signal: controller.signal, onBytes });
  } finally {
    if (notice && workspace.status.peek() === notice) workspace.status.value = undefined;
  }
}

const toMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
