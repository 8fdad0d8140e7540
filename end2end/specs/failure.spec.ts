/** A task that fails, and how that is told. */

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { UnwillingNarrator } from "../fixtures/narrator.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { test as base, expect } from "../fixtures/test.ts";

const test = base.extend<{ narrator: UnwillingNarrator }>({
  narrator: async ({}, use) => {
    const narrator = await UnwillingNarrator.start();
    await use(narrator);
    narrator.stop();
  },
  settings: async ({ narrator }, use) => await use(narrator.settings),
});

test.use({ contextOptions: { reducedMotion: "reduce" } });

test("a story that fails says why, and its bar does not claim to be full", async ({ startPage, taskPage, tasksPage, polls, page }) => {
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada");
  const id = await taskPage.arrived();
  await expect(taskPage.status("Failed")).toBeVisible();
  await expect(taskPage.says(/key/i)).toBeVisible();
  expect(await taskPage.percent()).toBeLessThan(100);
  await expect(taskPage.cancel).toBeHidden();
  await expect(taskPage.openResult).toBeHidden();
  await expect.poll(() => polls.open, "nothing is asked any more").toBe(0);
  expect((await new Api(page.request).task(id)).status).toBe("error");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.setViewportSize({ width: 360, height: 740 });
  await expectNoSidewaysScroll(page);

  await tasksPage.open();
  await expect(tasksPage.row(id)).toContainText("Failed");
});
