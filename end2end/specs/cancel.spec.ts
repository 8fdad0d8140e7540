/** Cancelling in the middle. */

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

test.use({ pace: "slow" });

test("a task is cancelled in the middle", async ({ startPage, taskPage, polls, page }) => {
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada");
  const id = await taskPage.arrived();
  await taskPage.passed(1);
  await taskPage.cancel.click();
  await expect(taskPage.status("Cancelled")).toBeVisible();
  await expect(taskPage.main).toContainText("You asked to cancel");
  await expect(taskPage.cancel).toBeHidden();
  expect(await taskPage.percent()).toBeLessThan(100);
  expect((await new Api(page.request).task(id)).status).toBe("cancelled");
  expect(polls.open, "nothing is asked any more").toBe(0);
});

test("a task is started and cancelled with the keyboard alone", async ({ home, startPage, taskPage, page }) => {
  const tabTo = async (target: typeof startPage.submit) => {
    for (let steps = 0; steps < 40; steps += 1) {
      await page.keyboard.press("Tab");
      if (await target.evaluate((element) => element === document.activeElement)) return;
    }
    throw new Error(`the Tab key does not lead to ${target}`);
  };
  await home.open();
  await tabTo(home.card("story"));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/start\/story$/);
  await tabTo(startPage.field(/subject/i));
  await page.keyboard.type(SUBJECT);
  await tabTo(startPage.field(/player/i));
  await page.keyboard.type("Ada");
  await page.keyboard.press("Enter");
  await taskPage.arrived();
  await tabTo(taskPage.cancel);
  await page.keyboard.press("Enter");
  await expect(taskPage.status("Cancelled")).toBeVisible();
});
