// A Zarr hierarchy at an address. Keys that the server does not have (404, 410) are absent; everything else is an error. Parts of a
// shard are read through blocks, so that neighbouring chunks share requests.

import type { ByteReader } from "../bytes.ts";
import type { HttpClient } from "../http.ts";
import { openHttpReader } from "../http-reader.ts";
import { assertKey, type ByteStore, createReaderStore, largestValueBytes } from "./store.ts";

const openShards = 64;
const shardCacheBytes = 2 ** 21;

/** The store of an address. A query (a token) goes with every request. */
export function createHttpStore(root: URL, name: string, client: HttpClient): ByteStore {
  const urlOf = (key: string): URL => {
    const url = new URL(root);
    url.pathname = `${root.pathname.replace(/\/+$/, "")}/${key.split("/").map(encodeURIComponent).join("/")}`;
    return url;
  };
  const shards = new Map<string, Promise<ByteReader | undefined>>();
  const openShard = (key: string): Promise<ByteReader | undefined> => {
    const known = shards.get(key);
    if (known) return known;
    if (shards.size >= openShards) shards.delete(shards.keys().next().value!);
    const reader = openHttpReader(urlOf(key), client, { cacheBytes: shardCacheBytes });
    shards.set(key, reader);
    reader.catch(() => shards.delete(key));
    return reader;
  };
  return {
    ...createReaderStore(name, openShard),
    isDistant: true,
    async get(key, signal, most = largestValueBytes) {
      assertKey(key, name);
      return (await client.get(urlOf(key), { most, signal }))?.bytes;
    },
    dispose: () => client.dispose(),
  };
}
