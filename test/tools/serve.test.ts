// The small server: it answers to this computer's names only, sends nobody elsewhere, and calls what is broken broken.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = mkdtempSync(join(tmpdir(), "overtile-test-"));
let server: Server;
beforeAll(async () => {
  for (const folder of ["viewer", "a b", "host/x"]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "viewer/index.html"), "the viewer");
  const { serve } = (await import("../../tools/serve.mjs" as string)) as { serve(options: { root: string }): Promise<{ server: Server }> };
  ({ server } = await serve({ root }));
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

/** Asks with exactly this path: clients tidy it up otherwise. */
function ask(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number | undefined; location: string | undefined }> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, headers, agent: false }, (response: IncomingMessage) => {
      response.resume();
      resolve({ status: response.statusCode, location: response.headers.location });
    })
      .on("error", reject)
      .end();
  });
}

describe("the small server", () => {
  it("redirects folders to themselves, never to another host", async () => {
    expect(await ask("/viewer")).toEqual({ status: 301, location: "/viewer/" });
    expect(await ask("/a%20b")).toEqual({ status: 301, location: "/a%20b/" });
    for (const path of [
      "/%2Fhost%2F..%2Fhost",
      "/%2Fhost%2F..%2Fviewer",
      "//host/../viewer",
      "/%5Chost%2F..%2Fviewer",
      "///host/x",
      "/%2F%2Fhost%2Fx",
    ]) {
      const { status, location = "/" } = await ask(path);
      expect([path, new URL(location, "http://here.example").host]).toEqual([path, "here.example"]);
      expect([301, 403, 404, 400, 200], path).toContain(status);
    }
  });

  it("calls a broken address a bad request", async () => {
    for (const path of ["/%", "/%zz", "/%ff", "/%00"]) expect([path, (await ask(path)).status]).toEqual([path, 400]);
    expect((await ask("/..%2F..%2Fetc%2Fpasswd")).status).toBe(403);
  });

  it("answers only to its own names: a page of another name that is led here reads nothing", async () => {
    for (const host of ["evil.example", "127.0.0.1.evil.example", "evil.example:8765", "localhost.evil.example", "user@localhost"])
      expect([host, (await ask("/viewer/", { host })).status]).toEqual([host, 421]);
    for (const host of ["localhost", "127.0.0.1:8765", "LOCALHOST:1", "[::1]:80"])
      expect([host, (await ask("/viewer/", { host })).status]).toEqual([host, 200]);
    const { port } = server.address() as AddressInfo;
    const bare = await new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write("GET /viewer/ HTTP/1.0\r\n\r\n"));
      socket.once("data", (data) => resolve(String(data).split("\r\n")[0]!));
    });
    expect(bare).toContain("421");
  });
});
