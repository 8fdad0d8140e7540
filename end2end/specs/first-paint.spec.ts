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
  /** Sum of the layout shifts without an input. */
  shift: number;
}

/** Notes the first paint, the shifts and when a bar moves, from the beginning of the document. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: Seen = { paint: 0, moved: null, shift: 0 };
    Object.assign(window, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntriesByName("first-contentful-paint")) seen.paint = entry.startTime;
    }).observe({ type: "paint", buffered: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[]) {
        if (!entry.hadRecentInput) seen.shift += entry.value;
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
    const { paint, moved, shift } = await seen();
    const bar = moved === null ? "" : `, the bar moves after ${(moved / 1000).toFixed(2)} s`;
    console.log(`${name}: first contentful paint ${(paint / 1000).toFixed(2)} s${bar}, ${bytes} bytes, layout shift ${shift.toFixed(4)}`);
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(shift).toBe(0);
    await phone.close();
  });
}
