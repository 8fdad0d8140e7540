/** What the task page loads, compressed as well as a server can. */

import { brotliCompressSync, constants } from "node:zlib";

import { type BrowserContext, type Response } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

/** In bytes; a kB is 1,000 of them. */
const LIMIT = 120_000;

function brotli(body: Buffer): number {
  return brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
  }).length;
}

/** Everything that a browser without a cache loads for a path, by its own path. What is asked later is not the page. */
async function load(context: BrowserContext, path: string): Promise<Map<string, Buffer>> {
  const page = await context.newPage();
  const responses: Response[] = [];
  page.on("response", (response) => responses.push(response));
  // The page is complete when it has begun to ask: then its WASM runs.
  const asks = page.waitForRequest((request) => request.url().includes("/api/fn/"));
  await page.goto(path);
  await asks;

  const bodies = new Map<string, Buffer>();
  for (const response of responses) {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith("/api/")) continue;
    expect(response.status(), response.url()).toBe(200);
    bodies.set(pathname, await response.body());
  }
  // A browser without a window does not fetch the icons.
  const icons = page.locator("link[rel~=icon], link[rel=apple-touch-icon], link[rel=manifest]");
  // While a task runs its page draws the icon itself, over the one that it came with.
  const urls = await icons.evaluateAll((links) => links.map((link) => (link as HTMLLinkElement).dataset["href"] ?? (link as HTMLLinkElement).href));
  for (const url of urls.map((url) => new URL(url, page.url()).href)) {
    bodies.set(new URL(url).pathname, await (await page.request.get(url)).body());
  }
  return bodies;
}

test.use({ pace: "slow" });

test(`the task page loads at most ${LIMIT / 1000} kB`, async ({ home, page, context, browser, baseURL }) => {
  await home.open();
  const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
  const fresh = await browser.newContext({ baseURL: baseURL ?? "" });
  await fresh.addCookies(await context.cookies());
  const bodies = await load(fresh, `/tasks/${id}`);
  await fresh.close();

  const rows = [...bodies].map(([path, body]) => ({ path: path.replace(id, "{id}"), bytes: body.length, brotli: brotli(body) }));
  rows.sort((a, b) => b.brotli - a.brotli);
  const total = rows.reduce((sum, row) => sum + row.brotli, 0);
  const line = (path: string, bytes: number | string, compressed: number | string) => `${path.padEnd(40)} ${String(bytes).padStart(9)} ${String(compressed).padStart(9)}`;
  const table = [line("loaded by /tasks/{id}", "bytes", "brotli 11"), ...rows.map((row) => line(row.path, row.bytes, row.brotli)), line("total", "", total), line("limit", "", LIMIT)];
  console.log(`\n${table.join("\n")}`);
  for (const sort of [".wasm", ".js", ".css", ".svg"]) {
    expect(rows.some((row) => row.path.endsWith(sort)), `${sort} was seen`).toBe(true);
  }
  expect(total).toBeLessThanOrEqual(LIMIT);
});
