/** Tabs of a browser that lets them not share: each asks for itself, and everything else is as it was. */

import { Api } from "../fixtures/api.ts";
import { setVisible } from "../fixtures/clock.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";
import { TaskPage } from "../pages/task.ts";

test.use({ pace: "slow" });

/** With some time for the answer. */
const LONGEST_HOLD_MS = 25_000;

for (const missing of ["locks", "BroadcastChannel"] as const) {
  test(`without ${missing} each tab polls alone, and both show the truth`, async ({ page, context, taskPage, polls }) => {
    await context.addInitScript((missing) => {
      const owner = missing === "locks" ? Navigator.prototype : window;
      Object.defineProperty(owner, missing, { configurable: true, value: undefined });
    }, missing);
    await page.goto("/");
    const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
    await taskPage.open(id);
    await expect.poll(() => polls.madeBy(page)).toBeGreaterThan(0);
    const second = new TaskPage(await context.newPage());
    await second.open(id);
    await expect.poll(() => polls.madeBy(second.page)).toBeGreaterThan(0);
    await Promise.all([taskPage.passed(1), second.passed(1)]);
    expect(polls.open, "one request for each of them at most").toBeLessThanOrEqual(2);

    // The one that is hidden asks no more; the other goes on.
    await setVisible(page, false);
    await expect.poll(() => polls.open, { timeout: LONGEST_HOLD_MS }).toBeLessThanOrEqual(1);
    const made = polls.madeBy(page);
    await second.cancel.click();
    await expect(second.status("Cancelled")).toBeVisible();
    expect(polls.madeBy(page)).toBe(made);
    await setVisible(page, true);
    await expect(taskPage.status("Cancelled")).toBeVisible();
    await expect.poll(() => polls.open).toBe(0);
  });
}
