import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { beforeAll, describe, expect, it } from "vitest";
import { recordFields } from "../../../core/kernel/records.ts";
import { kernelFile } from "../../../tools/build-kernel.mjs";
import "./with-kernels.ts";

// The kernels share tfjs's memory, so they must bring nothing of their own into it. WebAssembly core specification, chapter 5.

interface WasmFile {
  readonly sections: readonly number[];
  /** Every opcode of every function; those with a prefix as prefix * 1000 + code. */
  readonly opcodes: ReadonlySet<number>;
}

function parseWasm(bytes: Uint8Array): WasmFile {
  let at = 8;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const sections: number[] = [];
  const opcodes = new Set<number>();
  while (at < bytes.length) {
    const id = bytes[at++]!;
    const size = leb();
    const end = at + size;
    sections.push(id);
    if (id === 10) {
      for (let functions = leb(); functions > 0; functions--) {
        const length = leb();
        const functionEnd = at + length;
        for (let groups = leb(); groups > 0; groups--) {
          leb();
          at++;
        }
        while (at < functionEnd) readInstruction();
        expect(at).toBe(functionEnd);
      }
    }
    at = end;
  }
  return { sections, opcodes };

  function readInstruction(): void {
    const opcode = bytes[at++]!;
    const prefixed = opcode === 0xfc || opcode === 0xfd ? leb() : 0;
    opcodes.add(opcode === 0xfc || opcode === 0xfd ? opcode * 1000 + prefixed : opcode);
    const skip = (count: number): void => {
      for (; count > 0; count--) leb();
    };
    if (opcode === 0xfd) {
      if (prefixed <= 11 || prefixed === 92 || prefixed === 93) skip(2);
      else if (prefixed === 12 || prefixed === 13) at += 16;
      else if (prefixed >= 21 && prefixed <= 34) at += 1;
      else if (prefixed >= 84 && prefixed <= 91) {
        skip(2);
        at += 1;
      }
    } else if (opcode === 0xfc) {
      if (prefixed === 10) at += 2;
      else if (prefixed === 11) at += 1;
      else if (prefixed > 7) throw new Error(`opcode fc ${prefixed}`);
    } else if (opcode >= 0x02 && opcode <= 0x04) skip(1);
    else if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10 || (opcode >= 0x20 && opcode <= 0x24)) skip(1);
    else if (opcode === 0x0e) skip(leb() + 1);
    else if (opcode === 0x11) skip(2);
    else if (opcode >= 0x28 && opcode <= 0x3e) skip(2);
    else if (opcode === 0x3f || opcode === 0x40 || opcode === 0x41 || opcode === 0x42) skip(1);
    else if (opcode === 0x43) at += 4;
    else if (opcode === 0x44) at += 8;
    else if (opcode > 0xc4 || opcode === 0x1c) throw new Error(`opcode ${opcode}`);
  }
}

const memoryGrow = 0x40;
const relaxedMadd = 0xfd * 1000 + 0x105;
const f32x4Mul = 0xfd * 1000 + 0xe6;

describe.each(["simd", "relaxed-simd"] as const)("the %s file", (build) => {
  let bytes: Buffer;
  beforeAll(() => {
    setFlagsFromString("--experimental-wasm-relaxed-simd");
    bytes = readFileSync(kernelFile(build));
  });

  it("imports tfjs's memory and nothing else, and exports the kernels and nothing else", async () => {
    const module = await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
    const exported = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
    expect(exported.map(({ name }) => name).sort()).toEqual(Object.keys(recordFields).sort());
  });

  it("has no data, no start function, no allocator and never grows memory", () => {
    const { sections, opcodes } = parseWasm(bytes);
    expect(sections).not.toContain(11);
    expect(sections).not.toContain(8);
    expect(opcodes.has(memoryGrow)).toBe(false);
    expect(opcodes.has(f32x4Mul)).toBe(true);
    expect(opcodes.has(relaxedMadd)).toBe(build === "relaxed-simd");
  });
});

it("the records have the same fields, in the same order, on both sides", () => {
  const folder = new URL("../../../core/kernel/assembly/", import.meta.url);
  const source = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("\n");
  const classes = new Map<string, string[]>();
  for (const [, name, body] of source.matchAll(/@unmanaged\nclass (\w+) \{([^}]*)\}/g)) {
    classes.set(
      name!,
      [...body!.matchAll(/(\w+): (?:usize|i32);/g)].map(([, field]) => field!),
    );
  }
  for (const [name, fields] of Object.entries(recordFields)) {
    const found = new RegExp(`export function ${name}\\(record: usize\\): void \\{\\s*const r = changetype<(\\w+)>`).exec(source);
    expect(classes.get(found![1]!), name).toEqual([...fields]);
  }
});
