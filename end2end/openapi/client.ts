/** Uses the generated TypeScript client against a server: node client.js URL. */

import { deepStrictEqual, ok, strictEqual } from "node:assert";

import createClient from "openapi-fetch";

import type { components, paths } from "./schema.js";

type Snapshot = components["schemas"]["Snapshot"];

const baseUrl = process.argv[2] ?? "";
const client = createClient<paths>({ baseUrl });
const body = { kind: "dataset", input: { data: "a,b\n1,2\n3,4\n" } };

const started = await client.POST("/api/v1/tasks", {
  body,
  params: { header: { Prefer: "wait=20", "Idempotency-Key": "typescript-1" } },
});
strictEqual(started.response.status, 202);
ok(started.data && started.data.existing === false && started.data.status === "completed");
const path = { id: started.data.id };
const again = await client.POST("/api/v1/tasks", {
  body,
  params: { header: { "Idempotency-Key": "typescript-1" } },
});
strictEqual(again.data?.id, path.id);

const read = await client.GET("/api/v1/tasks/{id}", { params: { path } });
const snapshot: Snapshot | undefined = read.data;
strictEqual(snapshot?.progress, 100);
const etag = read.response.headers.get("etag") ?? "";
const same = await client.GET("/api/v1/tasks/{id}", { params: { path, header: { "If-None-Match": etag } } });
strictEqual(same.response.status, 304);

const result = await client.GET("/api/v1/tasks/{id}/result", { params: { path }, parseAs: "text" });
ok(String(result.data).includes("columns"));
const log = await client.GET("/api/v1/tasks/{id}/log", { params: { path, query: { after: 0 } } });
ok(typeof log.data === "object" && log.data.next >= log.data.lines.length);

const batch = await client.POST("/api/v1/batches", {
  body: { kind: "dataset", inputs: [{ data: "x\n1\n" }, { data: "y\n2\n" }] },
});
strictEqual(batch.data?.tasks.length, 2);
const polled = await client.POST("/api/v1/tasks/poll", {
  body: { watch: batch.data.tasks.map(({ id }) => ({ id })), wait_ms: 0 },
});
strictEqual(polled.data?.tasks.length, 2);
const list = await client.GET("/api/v1/batches", { params: { query: { limit: 5 } } });
deepStrictEqual(list.data?.batches, [], "a caller without a session has no list");

const refused = await client.POST("/api/v1/tasks", { body: { kind: "nothing" } });
strictEqual(refused.error?.code, "unknown_kind");
ok(refused.error.type.endsWith("docs/http.md#unknown_kind"));
