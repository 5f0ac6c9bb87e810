// What the client needs of the files around it: a way to start workers and a way to read the WASM. Two entries make one each:
// entry.ts for files beside each other, entry-single.ts for everything in one file.

type Bytes = Uint8Array<ArrayBuffer>;

/** How a worker is started; plain data, since a worker that starts further workers gets it too. */
export interface WorkerScript {
  readonly url: string;
  readonly type: "module" | "classic";
}

/** The worker's script, opened. */
export interface OpenScripts {
  /** Where it lies. */
  readonly script: WorkerScript;
  /** A copy in memory: what starts when the network is gone, and whatever the server says about keeping files. */
  readonly kept: Promise<WorkerScript>;
  /** Frees what both took. */
  release(): void;
}

export interface Bundle {
  /** "files" or "single file": for the diagnostics. */
  readonly form: string;
  openScripts(): OpenScripts;
  /** Bytes of a file of the bundle by its name. */
  readFile(name: string): Promise<Bytes>;
  /** Where the archives of models that come with the bundle are. */
  readonly models: BundledModels;
}

/** Archives that come with the bundle: below an address, or inside. Plain data. */
export interface BundledModels {
  /** The address of the folder, with a slash at its end; undefined where the bundle has only the models inside. */
  readonly address?: string;
  readonly files: Readonly<Record<string, Bytes>>;
}

/** The bundle as files beside `base`, on this origin or on another one that allows it. */
export function createFileBundle(base: string): Bundle {
  const readFile = async (name: string): Promise<Bytes> => {
    const url = new URL(name, base).href;
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  return {
    form: "files",
    readFile,
    models: { address: new URL("models/", base).href, files: {} },
    openScripts() {
      const addresses = createScriptAddresses();
      const kept = readFile("worker.mjs").then((code) => ({ url: addresses.keep(code), type: "module" }) as const);
      kept.catch(() => {}); // told when it is needed
      return { script: openModule(new URL("worker.mjs", base).href, addresses), kept, release: addresses.release };
    },
  };
}

/** A worker must come from the page's own origin; a module of another one is imported by a script of ours. */
function openModule(address: string, { keep }: ScriptAddresses): WorkerScript {
  const isOwn = new URL(address).origin === globalThis.location?.origin;
  return { url: isOwn ? address : keep(`import ${JSON.stringify(address)};`), type: "module" };
}

/** The bundle as texts: the worker's code (a classic script), and the files in base64. */
export function createInlineBundle(workerCode: string, files: Readonly<Record<string, string>>): Bundle {
  const models = Object.entries(files).filter(([name]) => name.startsWith("models/"));
  return {
    form: "single file",
    get models() {
      return { files: Object.fromEntries(models.map(([name, text]) => [name.slice("models/".length), decode(text)])) };
    },
    openScripts() {
      const { keep, release } = createScriptAddresses();
      const script = { url: keep(workerCode), type: "classic" } as const;
      return { script, kept: Promise.resolve(script), release };
    },
    async readFile(name) {
      const text = files[name];
      if (text === undefined) throw new Error(`${name} is not in this build`);
      return decode(text);
    },
  };
}

function decode(text: string): Bytes {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

interface ScriptAddresses {
  /** The address of a script in memory. */
  keep(code: string | Bytes): string;
  release(): void;
}

function createScriptAddresses(): ScriptAddresses {
  const urls: string[] = [];
  let isReleased = false;
  const release = (): void => {
    isReleased = true;
    for (const url of urls.splice(0)) URL.revokeObjectURL(url);
  };
  return {
    keep(code) {
      urls.push(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
      const [url] = urls.slice(-1);
      if (isReleased) release(); // it came too late
      return url!;
    },
    release,
  };
}
