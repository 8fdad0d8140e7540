/**
 * The first paint on a phone: a processor four times slower, 1.6 Mbit/s and 150 ms a round trip. Times are printed as
 * figures, since they are this machine's; bytes and layout shift have limits.
 */

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

/** What a page may load, in bytes. */
const MAX_BYTES = 160_000;

interface Seen {
  /** First contentful paint, in milliseconds. */
  paint: number;
  /** When the first bar moved, in milliseconds; `null`: no bar has. */
  moved: number | null;
  /** The layout shifts without an input, each with the elements that moved. */
  shifts: string[];
}

/** What the browser tells of a layout shift. */
interface Shift {
  value: number;
  hadRecentInput: boolean;
  sources: { node: Node | null }[];
}

/** Notes the first paint, the shifts and when a bar moves, from the beginning of the document. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: Seen = { paint: 0, moved: null, shifts: [] };
    Object.assign(window, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntriesByName("first-contentful-paint")) seen.paint = entry.startTime;
    }).observe({ type: "paint", buffered: true });
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, sources } of list.getEntries() as unknown as Shift[]) {
        // Three digits, as browsers give the sum.
        if (!hadRecentInput && value >= 0.0005) seen.shifts.push(`${value.toFixed(4)}: ${sources.map(({ node }) => (node as Element | null)?.outerHTML?.slice(0, 120) ?? "?").join(" | ")}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
    new MutationObserver((changes) => {
      const isBar = ({ target }: MutationRecord) => (target as Element).matches("[role=progressbar], [role=progressbar] *, progress, .travel *");
      if (document.readyState !== "loading" && changes.some(isBar)) seen.moved ??= performance.now();
    }).observe(document, { subtree: true, attributes: true, attributeFilter: ["aria-valuenow", "value", "style"] });
  });
}

async function likeAPhone(page: Page): Promise<void> {
  const browser = await page.context().newCDPSession(page);
  await browser.send("Network.enable");
  await browser.send("Network.emulateNetworkConditions", { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 94_000 });
  await browser.send("Emulation.setCPUThrottlingRate", { rate: 4 });
}

test.use({ pace: "slow", viewport: { width: 390, height: 844 } });

for (const [name, path, moves] of [
  ["home", () => "/", true],
  ["the start form", () => "/start/story", false],
  ["the task", (id: string) => `/tasks/${id}`, true],
  ["the list", () => "/tasks", true],
] as const) {
  test(`${name} on a phone`, async ({ home, page, browser, baseURL, context }) => {
    await home.open();
    const api = new Api(page.request);
    const id = await api.start("story", { subject: SUBJECT, player: "Ada" });
    await api.until(id, (task) => (task.progress ?? 0) > 0);
    const phone = await browser.newContext({ baseURL: baseURL ?? "", viewport: { width: 390, height: 844 } });
    await phone.addCookies(await context.cookies());
    const tab = await phone.newPage();
    let bytes = 0;
    tab.on("requestfinished", (request) => {
      if (!new URL(request.url()).pathname.startsWith("/api/")) void request.sizes().then(({ responseBodySize }) => (bytes += responseBodySize));
    });
    await watch(tab);
    await likeAPhone(tab);
    await tab.goto(path(id));
    const seen = async () => await tab.evaluate(() => (window as unknown as { seen: Seen }).seen);
    await expect.poll(async () => (await seen()).paint).toBeGreaterThan(0);
    if (moves) await expect.poll(async () => (await seen()).moved, { timeout: 60_000 }).not.toBeNull();
    await tab.waitForLoadState("load");
    const { paint, moved, shifts } = await seen();
    const bar = moved === null ? "" : `, the bar moves after ${(moved / 1000).toFixed(2)} s`;
    console.log(`${name}: first contentful paint ${(paint / 1000).toFixed(2)} s${bar}, ${bytes} bytes, ${shifts.length} layout shifts`);
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(shifts).toEqual([]);
    await phone.close();
  });
}
