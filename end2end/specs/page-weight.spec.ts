/** What the task page loads: the bytes that come over the wire, which is what the site's build has compressed. */

import { type BrowserContext, type Response } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

/**
 * Everything that the page may load, in bytes; a kB is 1,000 of them. It holds the weight where it is; the aim is
 * 125 kB until the page is live and 160 kB in all, which needs a second bundle for what is not needed at once.
 */
const LIMIT = 163_000;

interface Loaded {
  path: string;
  bytes: number;
  wire: number;
  encoding: string;
}

/** Whether the page is complete without it. */
const isIcon = ({ path }: Loaded) => /\.(svg|ico|png|webmanifest)$/.test(path);

async function loaded(response: Response): Promise<Loaded> {
  expect(response.status(), response.url()).toBe(200);
  const { responseBodySize } = await response.request().sizes();
  const encoding = (await response.headerValue("content-encoding")) ?? "";
  return { path: new URL(response.url()).pathname, bytes: (await response.body()).length, wire: responseBodySize, encoding };
}

/** A page would take it from the browser's own cache of icons. */
async function icon(context: BrowserContext, url: string): Promise<Loaded> {
  const response = await context.request.get(url, { headers: { "accept-encoding": "br" } });
  expect(response.status(), url).toBe(200);
  const { "content-encoding": encoding = "", "content-length": wire } = response.headers();
  return { path: new URL(url).pathname, bytes: (await response.body()).length, wire: Number(wire), encoding };
}

/** Everything that a browser without a cache loads for a path. What is asked later is not the page. */
async function load(context: BrowserContext, path: string): Promise<Loaded[]> {
  const page = await context.newPage();
  const responses: Response[] = [];
  page.on("response", (response) => responses.push(response));
  // The page is live when it has begun to ask: then its WASM runs.
  const asks = page.waitForRequest((request) => request.url().includes("/api/fn/"));
  await page.goto(path);
  await asks;
  const files = responses.filter((response) => !new URL(response.url()).pathname.startsWith("/api/"));
  const rows = await Promise.all(files.map(loaded));

  // A browser without a window does not fetch the icons.
  const icons = page.locator("link[rel~=icon], link[rel=apple-touch-icon], link[rel=manifest]");
  // While a task runs its page draws the icon itself, over the one that it came with.
  const urls = await icons.evaluateAll((links) => links.map((link) => (link as HTMLLinkElement).dataset["href"] ?? (link as HTMLLinkElement).href));
  for (const url of new Set(urls.map((url) => new URL(url, page.url()).href))) {
    const path = new URL(url).pathname;
    if (!rows.some((row) => row.path === path)) rows.push(await icon(context, url));
  }
  return rows;
}

test.use({ pace: "slow" });

test(`the task page loads at most ${LIMIT / 1000} kB`, async ({ home, page, context, browser, baseURL }) => {
  await home.open();
  const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
  const fresh = await browser.newContext({ baseURL: baseURL ?? "" });
  await fresh.addCookies(await context.cookies());
  const rows = await load(fresh, `/tasks/${id}`);
  await fresh.close();

  rows.sort((a, b) => b.wire - a.wire);
  const sum = (rows: Loaded[]) => rows.reduce((sum, row) => sum + row.wire, 0);
  const [live, total] = [sum(rows.filter((row) => !isIcon(row))), sum(rows)];
  const line = (path: string, bytes: number | string, wire: number | string, encoding: string) =>
    `${path.padEnd(40)} ${String(bytes).padStart(9)} ${String(wire).padStart(9)} ${encoding}`;
  const table = [
    line("loaded by /tasks/{id}", "bytes", "on wire", "as"),
    ...rows.map((row) => line(row.path.replace(id, "{id}"), row.bytes, row.wire, row.encoding)),
    line("until it is live", "", live, ""),
    line("total", "", total, `of ${LIMIT}`),
  ];
  console.log(`\n${table.join("\n")}`);
  for (const sort of [".wasm", ".js", ".css", ".svg"]) {
    const row = rows.find((row) => row.path.endsWith(sort));
    expect(row?.encoding, `${sort} came as the build has compressed it`).toBe("br");
  }
  expect(total).toBeLessThanOrEqual(LIMIT);
});
