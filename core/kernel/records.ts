// The one place where arguments cross into WASM: each export takes the address of one record of 32-bit fields, which are named
// here. The lists mirror the @unmanaged classes of core/kernel/assembly; a test compares the two. Addresses and steps are in
// bytes (unsigned), sizes in floats or pixels.

const tiles = "x mask height width channels padTop padLeft tileRows tileColumns first count to toRow toStep scratch sums";
const upConvolution = "product productRow slot y mask yChannels channelOffset width channels first count bias relu";
const pool = "x y batch height width channels dx skip skipHeight skipWidth skipChannels";

/** The exports of the WASM file and the fields of their records, in order. */
export const recordFields = {
  multiply: fields("a aRow aStep b bPanel bStep c cRow cStep batch rows panels depth add"),
  multiplyTransposed: fields("a aRow aStep b bRow bStep c cRow cStep batch rows panels depth add"),
  pack: fields("from depthStep columnStep depth columns to"),
  winogradInput: fields(tiles),
  winogradGradient: fields(tiles),
  winogradOutput: fields("m mRow mStep y height width channels yChannels tileRows tileColumns first count bias relu scratch"),
  winogradFilter: fields("filter inputs outputs turned first count to toStep scratch"),
  winogradFilterGradient: fields("u uRow uStep filter inputs outputs first count scratch"),
  finishRows: fields("from fromRow to rows columns bias relu"),
  scatterUpConvolution: fields(upConvolution),
  gatherUpConvolution: fields(upConvolution),
  copyRows: fields("from fromRow mask to toRow rows columns padded"),
  gatherPatches: fields("x height width channels padding outHeight outWidth first count to"),
  sumRows: fields("from fromRow rows columns sums"),
  maxPool: fields(pool),
  maxPoolBackward: fields(pool),
  cropConcat: fields("skip skipHeight skipWidth skipChannels x batch height width channels y"),
} as const;

export type RecordName = keyof typeof recordFields;
/** A record of each export: every field a whole number. */
export type RecordOf<Name extends RecordName> = Readonly<Record<(typeof recordFields)[Name][number], number>>;
/** The exports as typed calls. */
export type KernelCalls = { readonly [Name in RecordName]: (record: RecordOf<Name>) => void };

/** Bytes that the longest record takes. */
export const recordBytes = 4 * Math.max(...Object.values(recordFields).map((list) => list.length));

/** The exports of `instance` as typed calls that write their record at `address` of `memory`. Write records as plain literals: one
 *  made by spreading costs 15 microseconds. Throws an Error naming a missing export. */
export function createKernelCalls(instance: WebAssembly.Instance, memory: WebAssembly.Memory, address: number): KernelCalls {
  const createCall = (name: RecordName): ((record: Readonly<Record<string, number>>) => void) => {
    const run = instance.exports[name];
    if (typeof run !== "function") throw new Error(`The kernel file must export "${name}"; it does not. Build it again.`);
    const names: readonly string[] = recordFields[name];
    let view = new Uint32Array(memory.buffer, address, names.length);
    return (record) => {
      // After the memory has grown its buffer is another one.
      if (view.buffer !== memory.buffer) view = new Uint32Array(memory.buffer, address, names.length);
      for (let i = 0; i < names.length; i++) view[i] = record[names[i]!]!;
      run(address);
    };
  };
  return Object.fromEntries(Object.keys(recordFields).map((name) => [name, createCall(name as RecordName)])) as KernelCalls;
}

type Words<List extends string> = List extends `${infer First} ${infer Rest}` ? First | Words<Rest> : List;

function fields<const List extends string>(list: List): readonly Words<List>[] {
  return list.split(" ") as Words<List>[];
}
