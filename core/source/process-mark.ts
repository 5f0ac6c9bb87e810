// Marks of processes, for the names of files that count only while their maker lives: temporary files and claims of locks. A mark
// is MACHINE-PID-START: numbers of processes are given again and again, above all in containers, and a folder may be shared by
// machines. Node only; its modules come by dynamic import.

/** Whether the process of a mark lives; `unknown` on another machine, and where a system does not tell when a process began. */
export type Life = "alive" | "gone" | "unknown";

/** The form of a mark, for patterns of file names. */
export const markForm = "[0-9a-f]{8}-\\d+-\\d+";

let own: Promise<string> | undefined;

/** The mark of this process. */
export function markOfProcess(): Promise<string> {
  own ??= makeMark();
  return own;
}

async function makeMark(): Promise<string> {
  const [{ createHash }, { readFile, readlink }, { hostname }] = await Promise.all([
    import("node:crypto"),
    import("node:fs/promises"),
    import("node:os"),
  ]);
  // Processes of the same number may live in two containers of one machine, and before and after its start.
  const parts = [
    hostname(),
    await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => ""),
    await readlink("/proc/self/ns/pid").catch(() => ""),
  ];
  const machine = createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 8);
  return `${machine}-${process.pid}-${(await findStart(process.pid)) ?? 0}`;
}

/** Tells whether the process of a mark lives. */
export async function lifeOf(mark: string): Promise<Life> {
  const [machine, id, start] = mark.split("-");
  if (machine !== (await markOfProcess()).split("-")[0]) return "unknown";
  const pid = Number(id);
  if (!isRunning(pid)) return "gone";
  const began = await findStart(pid);
  if (began === undefined) return pid === process.pid ? "alive" : "unknown";
  return String(began) === start ? "alive" : "gone";
}

/** True for a process of this number, whoever's it is. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as { code?: string }).code === "EPERM"; // somebody else's
  }
}

/**
 * When a process began, in ticks since the machine did; -1 for one that ended and is not yet cleared away; undefined where the
 * system does not say. Format: proc(5), /proc/[pid]/stat, whose second field may hold spaces and brackets.
 */
async function findStart(pid: number): Promise<number | undefined> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined || fields.length < 20) return undefined;
  return "ZX".includes(fields[0]!) ? -1 : Number(fields[19]);
}
