/** The page weight is decided here. What pages load: the bytes that come over the wire, which is what the site's build has compressed. */

import { type BrowserContext, type Page, type Response } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";
import { TaskPage } from "../pages/task.ts";

/** What the task page needs until it follows its task, in bytes; a kB is 1,000 of them. */
const LIVE = 125_000;

/** Everything that a page may load, the document included. */
const LIMIT = 160_000;

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

/** Whether the page follows its task without it: what `--split` has cut off the module. */
const isChunk = ({ path }: Loaded) => /\/(split_|chunk_)[^/]*\.wasm$/.test(path);

/** Whether nothing waits for it: the styles of what is finished so far stand at the end of the document. */
const isStyleOfResults = ({ path }: Loaded) => /\/(results|profile)\.css$/.test(path);

/** Everything that a browser without a cache loads for a path until `ready`. What is asked later is not the page. */
async function load(page: Page, path: string, ready: () => Promise<unknown>): Promise<Loaded[]> {
  const responses: Response[] = [];
  page.on("response", (response) => responses.push(response));
  await page.goto(path);
  await ready();
  const isFile = (response: Response) => !new URL(response.url()).pathname.startsWith("/api/");
  const all = await Promise.all(responses.filter(isFile).map(loaded));

  // A browser without a window does not fetch the icons.
  const icons = page.locator("link[rel~=icon], link[rel=apple-touch-icon], link[rel=manifest]");
  // While a task runs its page draws the icon itself, over the one that it came with.
  const urls = await icons.evaluateAll((links) => links.map((link) => (link as HTMLLinkElement).dataset["href"] ?? (link as HTMLLinkElement).href));
  const base = await page.evaluate(() => document.baseURI);
  for (const url of new Set(urls.map((url) => new URL(url, base).href))) {
    const path = new URL(url).pathname;
    if (!all.some((row) => row.path === path)) all.push(await icon(page.context(), url));
  }
  return all;
}

const sum = (rows: Loaded[]) => rows.reduce((sum, row) => sum + row.wire, 0);

/** A table of what was loaded. */
function report(path: string, rows: Loaded[], sums: Record<string, string>): void {
  const line = (path: string, bytes: number | string, wire: number | string, encoding: string) =>
    `${path.padEnd(60)} ${String(bytes).padStart(9)} ${String(wire).padStart(9)} ${encoding}`;
  const files = rows.toSorted((a, b) => b.wire - a.wire).map((row) => line(row.path, row.bytes, row.wire, row.encoding));
  const totals = Object.entries(sums).map(([name, bytes]) => line(name, "", bytes, ""));
  console.log(`\n${[line(`loaded by ${path}`, "bytes", "on wire", "as"), ...files, ...totals].join("\n")}`);
}

test.use({ pace: "slow" });

test(`the task page loads at most ${LIVE / 1000} kB until it is live and ${LIMIT / 1000} kB in all`, async ({ home, page, browser, baseURL, context }) => {
  await home.open();
  const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
  const fresh = await browser.newContext({ baseURL: baseURL ?? "" });
  await fresh.addCookies(await context.cookies());
  const tab = await fresh.newPage();
  const all = await load(tab, `/tasks/${id}`, async () => await new TaskPage(tab).alive());
  const live = all.filter((row) => !isChunk(row) && !isIcon(row) && !isStyleOfResults(row));
  await fresh.close();

  report("/tasks/{id}", all, { "until it is live": `${sum(live)} of ${LIVE}`, total: `${sum(all)} of ${LIMIT}` });
  for (const sort of [".wasm", ".js", ".css", ".svg"]) {
    const others = all.filter((row) => row.path.endsWith(sort) && row.encoding !== "br");
    expect(others.map((row) => row.path), `${sort} came as the build has compressed it`).toEqual([]);
  }
  expect(all.length, "a part of the page is loaded later").toBeGreaterThan(live.length);
  expect(sum(live)).toBeLessThanOrEqual(LIVE);
  expect(sum(all)).toBeLessThanOrEqual(LIMIT);
});

test.describe("without what is loaded later", () => {
  // The chunks are refused, and the island that asked for them ends.
  test.use({ expectedErrors: /Failed to (load resource|fetch)|uncaught: RuntimeError: unreachable/ });

  test("the task page follows its task, and its cancel button works", async ({ home, page, polls, taskPage }) => {
    await home.open();
    const api = new Api(page.request);
    const id = await api.start("story", { subject: SUBJECT, player: "Ada" });
    await page.route(/\/(split_|chunk_)[^/]*\.wasm/, async (route) => await route.abort());
    await page.goto(`/tasks/${id}`);
    await expect.poll(() => polls.made).toBeGreaterThan(0);
    await expect.poll(() => polls.made, { timeout: 30_000 }).toBeGreaterThan(1);
    await taskPage.cancel.click();
    await api.until(id, (task) => task.status === "cancelled");
  });
});

const OTHERS = {
  "/": async (page: Page) => await page.waitForRequest((request) => request.url().includes("/api/fn/task_status")),
  "/tasks": async (page: Page) => await page.waitForRequest((request) => request.url().includes("/api/fn/task_status")),
  "/start/story": async (page: Page) => await page.waitForResponse((response) => /split_submit_island/.test(response.url())),
};

for (const [path, live] of Object.entries(OTHERS)) {
  test(`${path} loads at most ${LIMIT / 1000} kB`, async ({ home, page, browser, baseURL, context }) => {
    await home.open();
    await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
    const fresh = await browser.newContext({ baseURL: baseURL ?? "" });
    await fresh.addCookies(await context.cookies());
    const tab = await fresh.newPage();
    const isLive = live(tab);
    const all = await load(tab, path, async () => await isLive);
    await fresh.close();
    report(path, all, { total: `${sum(all)} of ${LIMIT}` });
    expect(sum(all)).toBeLessThanOrEqual(LIMIT);
  });
}
