/** The browser's own back-forward cache: it keeps a page alive while another is shown, and brings it back. */

import type { APIRequestContext } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";
import { TaskPage } from "../pages/task.ts";

test.use({
  pace: "slow",
  // Playwright turns the cache off, because a page that is brought back does not load. Nothing here waits for a load.
  launchOptions: async ({ launchOptions }, use) => await use({ ...launchOptions, ignoreDefaultArgs: ["--disable-back-forward-cache"] }),
});

interface Counted {
  /** Requests that the server holds. */
  held: number;
  /** Requests that it could hold and that were answered. */
  answered: number;
}

/** The server's own count: Playwright does not hear of all that a kept page did and does. */
async function count(request: APIRequestContext): Promise<Counted> {
  const metrics = await (await request.get("/metrics")).text();
  const held = /^milepost_long_polls (\d+)$/m.exec(metrics)?.[1];
  const answers = [...metrics.matchAll(/^milepost_long_poll_responses_total\{.*\} (\d+)$/gm)];
  return { held: Number(held), answered: answers.reduce((sum, [, answers]) => sum + Number(answers), 0) };
}

test("a page that the browser keeps lets go of everything, and polls once when it is brought back", async ({ page, context, taskPage, polls }) => {
  await page.goto("/");
  const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
  await taskPage.open(id);
  await taskPage.passed(1);
  const held = async () => (await count(page.request)).held;
  await expect.poll(held).toBe(1);
  await page.evaluate(() => Object.assign(window, { kept: true }));

  await page.goto("/start/story");
  await expect.poll(held, "its request is ended").toBe(0);
  // The lock is free as well: another tab asks, and hands over when it is closed.
  const other = new TaskPage(await context.newPage());
  await other.open(id);
  await expect.poll(() => polls.madeBy(other.page)).toBeGreaterThan(0);
  await other.page.close();
  await expect.poll(held).toBe(0);

  const { answered } = await count(page.request);
  await page.goBack({ waitUntil: "commit" });
  const reasons = () => page.evaluate(() => JSON.stringify((performance.getEntriesByType("navigation")[0] as unknown as { notRestoredReasons: unknown }).notRestoredReasons));
  expect(await page.evaluate(() => "kept" in window), `the browser did not keep the page: ${await reasons()}`).toBe(true);
  await expect.poll(held).toBe(1);
  // The first request may bring what happened meanwhile; then the next is the one that is held.
  expect((await count(page.request)).answered - answered).toBeLessThanOrEqual(1);
  await expect(taskPage.says("This tab was suspended")).toBeHidden();
  await taskPage.passed(await taskPage.percent());
  await taskPage.cancel.click();
  await expect(taskPage.status("Cancelled")).toBeVisible();
  await expect.poll(held).toBe(0);
});
