/** A page that the browser kept, and brings back. */

import { Api } from "../fixtures/api.ts";
import { settled } from "../fixtures/clock.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

test.use({
  pace: "slow",
  // Playwright switches the cache off unless told otherwise.
  launchOptions: async ({ launchOptions }, use) => await use({ ...launchOptions, ignoreDefaultArgs: ["--disable-back-forward-cache"] }),
});

test("a page comes back and asks once", async ({ page, home, taskPage, polls }) => {
  await page.addInitScript(() => addEventListener("pageshow", (event) => Object.assign(window, { persisted: event.persisted })));
  await home.open();
  const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
  await taskPage.open(id);
  await taskPage.passed(1);
  await page.goto("/start/story");
  await expect.poll(() => polls.open).toBe(0);
  const made = polls.made;
  await page.goBack();
  expect(await page.evaluate(() => (window as unknown as { persisted: boolean }).persisted), "the page was kept").toBe(true);
  await expect.poll(() => polls.made).toBe(made + 1);
  await settled(page);
  expect(polls.made).toBe(made + 1);
  await expect(taskPage.says("This tab was asleep")).toBeHidden();
  await taskPage.passed(await taskPage.percent());
});
