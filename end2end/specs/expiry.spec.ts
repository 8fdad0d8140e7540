/** What is over has a page that says so, and what is not can be kept longer; with and without JavaScript. */

import { Api } from "../fixtures/api.ts";
import { expectAccessible } from "../fixtures/axe.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const STORY = { subject: SUBJECT, player: "Ada" };

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test.describe("a task that is kept for a second", () => {
      test.use({ settings: { MILEPOST_RETENTION_KEEP_S: "1" }, expectedErrors: answered(410, 404) });

      test("says what it was once its time is over, to its owner alone", async ({ home, page, taskPage, resultPage, browser, server }) => {
        await home.open();
        const id = await new Api(page.request).start("story", STORY);
        const expired = async () => expect((await page.request.get(`/api/v1/tasks/${id}`)).status()).toBe(410);
        await expect(expired).toPass({ timeout: 60_000 });
        for (const open of [() => taskPage.open(id), () => resultPage.open(id)]) {
          await open();
          await expect(page.getByRole("heading", { name: "Expired" })).toBeVisible();
          await expect(taskPage.says(`Story: ${SUBJECT}, for Ada`)).toBeVisible();
          await expect(taskPage.says(/^Done, \d/)).toBeVisible();
        }
        await expect(page.getByRole("link", { name: "Start another" })).toHaveAttribute("href", "start/story");
        if (javaScriptEnabled) await expectAccessible(page);
        const stranger = await browser.newContext({ baseURL: server.url });
        expect((await stranger.request.get(`/tasks/${id}`)).status()).toBe(404);
        await stranger.close();
      });
    });

    test("a task that has ended is kept longer by a button", async ({ home, page, taskPage }) => {
      await home.open();
      const api = new Api(page.request);
      const id = await api.start("story", STORY);
      await api.untilEnded(id);
      await taskPage.open(id);
      await expect(taskPage.says("30 days from now")).toBeVisible();
      await page.getByRole("button", { name: "Keep longer" }).click();
      expect(await taskPage.arrived()).toBe(id);
      await expect(taskPage.says("90 days from now")).toBeVisible();
    });
  });
}

test("a task that comes to its end while its page is open offers to be kept longer, without a reload", async ({ startPage, page, taskPage }) => {
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada");
  const id = await taskPage.arrived();
  await expect(taskPage.status("Done")).toBeVisible();
  await page.getByRole("button", { name: "Keep longer" }).click();
  expect(await taskPage.arrived()).toBe(id);
  await expect(taskPage.says("90 days from now")).toBeVisible();
});

test.describe("a slow story", () => {
  test.use({ pace: "slow" });

  test("offers to be kept longer once it has ended, not before", async ({ home, page, taskPage }) => {
    await home.open();
    const id = await new Api(page.request).start("story", STORY);
    await taskPage.open(id);
    await expect(taskPage.cancel).toBeVisible();
    await expect(page.getByRole("button", { name: "Keep longer" })).toBeHidden();
  });
});
