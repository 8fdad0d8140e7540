/** What the task page loads, compressed as well as a server can. */

import { brotliCompressSync, constants } from "node:zlib";

import type { Response } from "@playwright/test";

import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

/** In bytes; kB as on the wire, of 1,000. */
const LIMIT = 120_000;

function brotli(body: Buffer): number {
  return brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
  }).length;
}

test.use({ pace: "slow" });

test(`the task page loads at most ${LIMIT / 1000} kB`, async ({ startPage, taskPage, page, server }) => {
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada");
  const id = await taskPage.arrived();
  await page.goto("about:blank");

  const responses: Response[] = [];
  page.on("response", (response) => responses.push(response));
  // The page is complete when it has begun to ask: then its WASM runs.
  const asks = page.waitForRequest((request) => request.url().includes("/api/fn/"));
  await taskPage.open(id);
  await asks;

  const bodies = new Map<string, Buffer>();
  for (const response of responses) {
    const path = new URL(response.url()).pathname;
    if (path.startsWith("/api/")) continue;
    bodies.set(path, await response.body());
  }
  // A browser without a window does not fetch the icons.
  const icons = await page.locator("link[rel~=icon], link[rel=apple-touch-icon], link[rel=manifest]").evaluateAll((links) => links.map((link) => (link as HTMLLinkElement).href));
  for (const icon of icons.filter((url) => url.startsWith(server.url))) {
    bodies.set(new URL(icon).pathname, await (await page.request.get(icon)).body());
  }

  const rows = [...bodies].map(([path, body]) => ({ path: path.replace(id, "{id}"), bytes: body.length, brotli: brotli(body) }));
  rows.sort((a, b) => b.brotli - a.brotli);
  const total = rows.reduce((sum, row) => sum + row.brotli, 0);
  const line = (path: string, bytes: number | string, compressed: number | string) => `${path.padEnd(40)} ${String(bytes).padStart(9)} ${String(compressed).padStart(9)}`;
  console.log(
    ["", line("loaded by /tasks/{id}", "bytes", "brotli 11"), ...rows.map((row) => line(row.path, row.bytes, row.brotli)), line("total", "", total), line("limit", "", LIMIT)].join("\n"),
  );
  expect(rows.some((row) => row.path.endsWith(".wasm")), "the WASM was seen").toBe(true);
  expect(rows.some((row) => row.path.endsWith(".css")), "the style was seen").toBe(true);
  expect(total).toBeLessThanOrEqual(LIMIT);
});
