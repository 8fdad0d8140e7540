/** One held request for everything, in all tabs; what ends it, and what becomes of it on the way. */

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { pass, setVisible, settled } from "../fixtures/clock.ts";
import { CuttingProxy } from "../fixtures/proxy.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { NO_CONNECTION, expect, test } from "../fixtures/test.ts";
import { TaskPage } from "../pages/task.ts";

const HOLD_MS = 20_000;
const ONE_HOUR = 3_600_000;

test.use({ pace: "slow" });

/** Starts a story that does not end by itself. */
async function startSlow(page: Page): Promise<string> {
  await page.goto("/");
  return await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
}

test.describe("two tabs", () => {
  let second: TaskPage;
  let id: string;

  test.beforeEach(async ({ page, context, taskPage, polls }) => {
    id = await startSlow(page);
    await taskPage.open(id);
    await expect.poll(() => polls.madeBy(page)).toBeGreaterThan(0);
    second = new TaskPage(await context.newPage());
    await second.open(id);
    await second.alive();
  });

  test("make one loop: the first asks, both show", async ({ page, taskPage, polls }) => {
    await Promise.all([taskPage.passed(3), second.passed(3)]);
    await second.pollPanel.click();
    await expect(second.pollFact("Next")).toHaveText("asked by another tab");
    expect(polls.madeBy(second.page)).toBe(0);
    expect(polls.open).toBeLessThanOrEqual(1);

    await taskPage.cancel.click();
    await expect(second.status("Cancelled")).toBeVisible();
    await expect(taskPage.status("Cancelled")).toBeVisible();
    // Who leads lets go of the lock with its last task. Should that overtake the last word, the next one waits for it.
    expect(polls.madeBy(second.page), "the end came from the first").toBe(0);
    await expect.poll(() => polls.open).toBe(0);
    expect(polls.madeBy(page)).toBeGreaterThan(0);
    expect(polls.madeBy(second.page), "and nothing was asked after it").toBe(0);
  });

  test("the first is closed, and the other takes over", async ({ page, polls }) => {
    await second.passed(1);
    await page.close();
    await expect.poll(() => polls.madeBy(second.page)).toBeGreaterThan(0);
    await second.cancel.click();
    await expect(second.status("Cancelled")).toBeVisible();
  });

  test("the first is hidden, and hands over without a second request at the same time", async ({ page, polls }) => {
    await second.passed(1);
    await setVisible(page, false);
    await expect.poll(() => polls.madeBy(second.page), { timeout: HOLD_MS + 10_000 }).toBeGreaterThan(0);
    expect(polls.open).toBeLessThanOrEqual(1);
    const made = polls.madeBy(page);
    await second.passed(await second.percent());
    expect(polls.madeBy(page), "the hidden one asks no more").toBe(made);
  });

  test("of different tasks: the one that leads asks for both", async ({ page, server, polls }) => {
    server.addResearch("other");
    const other = await new Api(page.request).start("story", { subject: "other", player: "Ben" });
    await second.open(other);
    await second.alive();
    const both = () => polls.bodies.some(({ watch }) => [id, other].every((task) => watch.some((asked) => asked.id === task)));
    await expect.poll(both).toBe(true);
    await second.passed(await second.percent());
    expect(polls.madeBy(second.page)).toBe(0);
  });
});

test("a page that the browser keeps lets go of everything, and asks once when it is brought back", async ({ page, context, taskPage, polls }) => {
  await page.clock.install();
  const id = await startSlow(page);
  await taskPage.open(id);
  await expect.poll(() => polls.made).toBeGreaterThan(0);
  // What the browser tells a page that goes into the back-forward cache, and one that comes out of it. A page that is
  // really kept is in kept.spec.ts; here time stands still, so that each request is seen.
  const turn = async (name: "pagehide" | "pageshow") =>
    await page.evaluate((name) => dispatchEvent(new PageTransitionEvent(name, { persisted: true })), name);
  await turn("pagehide");
  await expect.poll(() => polls.open).toBe(0);
  const other = new TaskPage(await context.newPage());
  await other.open(id);
  await expect.poll(() => polls.madeBy(other.page), "the lock is free").toBeGreaterThan(0);
  await other.page.close();
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 60_000);
  await settled(page);
  const made = polls.madeBy(page);
  // A page that shows one task large is answered at once where it missed lines of the log: the answer waits here until
  // the page has been seen without it.
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/api/fn/task_status", async (route) => {
    await released;
    await route.continue();
  });
  await turn("pageshow");
  await expect(taskPage.says("This tab was suspended")).toBeVisible();
  release();
  // The floor between two requests is half a second.
  await expect(async () => {
    await pass(page, 20);
    expect(polls.madeBy(page)).toBe(made + 1);
  }).toPass({ intervals: [50] });
  await pass(page, 100);
  expect(polls.madeBy(page)).toBe(made + 1);
  await expect(taskPage.says("This tab was suspended")).toBeHidden();
});

test("a tab that slept for an hour asks once and catches up", async ({ page, taskPage, polls }) => {
  await page.clock.install();
  await taskPage.open(await startSlow(page));
  await taskPage.alive();
  await expect.poll(() => polls.made).toBeGreaterThan(0);
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1_000);
  await settled(page);
  const made = polls.made;
  await page.clock.fastForward(ONE_HOUR);
  // The floor between two requests is half a second.
  await pass(page, 500);
  expect(polls.made).toBe(made + 1);
  await settled(page);
  expect(polls.made).toBe(made + 1);
  await expect(taskPage.says("This tab was suspended")).toBeHidden();
});

test.describe("behind a proxy that cuts polls", () => {
  // One task at a time: the second waits, and there is nothing to tell of it.
  test.use({ settings: { MILEPOST_ENGINE_CONCURRENCY: "1" }, expectedErrors: NO_CONNECTION });

  for (const [cut_s, hold_ms] of [[3, 0], [10, 7_500]] as const) {
    test(`after ${cut_s} s, the page learns to live with it and says nothing`, async ({ page, taskPage, server, polls }) => {
      const proxy = await CuttingProxy.start(server.url, cut_s * 1_000);
      try {
        await page.goto(proxy.url);
        const api = new Api(page.request);
        server.addResearch("other");
        const first = await api.start("story", { subject: "other", player: "Ben" });
        await api.until(first, ({ status }) => status === "running");
        const id = await api.start("story", { subject: SUBJECT, player: "Ada" });
        await page.goto(`${proxy.url}/tasks/${id}`);
        const within = () => {
          const wait_ms = polls.bodies.at(-1)?.wait_ms ?? HOLD_MS;
          return wait_ms >= hold_ms && wait_ms < hold_ms + 400;
        };
        await expect.poll(within, { timeout: 60_000 }).toBe(true);
        expect(polls.bodies[0]?.wait_ms).toBe(HOLD_MS);
        expect(proxy.cuts).toBe(2);
        await expect(taskPage.says("Reconnecting")).toBeHidden();
        await taskPage.cancel.click();
        await expect(taskPage.status("Cancelled")).toBeVisible();
        expect(proxy.cuts, "none was cut after that").toBe(2);
      } finally {
        proxy.stop();
      }
    });
  }
});

test.describe("a list of 50 live tasks", () => {
  test.use({ settings: { MILEPOST_ENGINE_CONCURRENCY: "1" } });

  test("is followed with one held request", async ({ page, tasksPage, server, polls }) => {
    // One for each worker, of which there are two at most; the rest waits.
    server.addResearch("other");
    const first = await startSlow(page);
    await new Api(page.request).start("story", { subject: "other", player: "Ben" });
    const api = new Api(page.request);
    await api.until(first, ({ status }) => status === "running");
    for (let started = 2; started < 50; started += 1) await api.start("dataset", { data: `number\n${started}\n` });
    await tasksPage.open();
    await expect(page.getByRole("main").getByRole("listitem").filter({ has: page.getByRole("link") })).toHaveCount(50);
    await expect.poll(() => polls.open).toBe(1);
    const request = polls.bodies.at(-1);
    expect(request?.watch).toHaveLength(50);
    expect(request?.wait_ms).toBe(HOLD_MS);
    // What the page was rendered with is known: the first request is the one that is held.
    await settled(page);
    expect(polls.made).toBeLessThanOrEqual(2);
  });
});
