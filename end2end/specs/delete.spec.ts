/** A task is deleted: at once without a script, with a chance to undo it with one, and by a typed word while it runs. */

import type { Page } from "@playwright/test";

import { alive, noteClickListeners } from "../fixtures/alive.ts";
import { expectAccessible } from "../fixtures/axe.ts";
import { pass } from "../fixtures/clock.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

async function ended(page: Page, id: string): Promise<void> {
  await expect.poll(async () => (await page.request.get(`/api/v1/tasks/${id}`)).json(), { timeout: 60_000 }).toMatchObject({ status: "completed" });
}

/** From here on time passes only where the test lets it. */
async function stopClock(page: Page): Promise<void> {
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1_000);
}

test.use({ expectedErrors: answered(410) });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled, pace: "slow" });

    test("a running task is deleted by a typed word", async ({ startPage, taskPage, page, server }) => {
      await startPage.open("story");
      await startPage.startStory(SUBJECT, "Ada");
      const id = await taskPage.arrived();
      await page.goto(`${server.url}/tasks/${id}/delete`);
      await page.getByRole("button", { name: "Delete" }).click();
      expect((await page.request.get(`${server.url}/api/v1/tasks/${id}`)).status(), "the word is missing").toBe(200);
      await page.getByLabel("to confirm").fill("delete");
      await page.getByRole("button", { name: "Delete" }).click();
      await expect(page).toHaveURL(`${server.url}/tasks`);
      expect((await page.goto(`${server.url}/tasks/${id}`))?.status()).toBe(410);
    });
  });
}

test.describe("a task that has ended", () => {
  test("is deleted ten seconds later, unless that is undone or the page is left", async ({ startPage, taskPage, page, server }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();
    await ended(page, id);
    await noteClickListeners(page);
    const sent: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/delete")) sent.push(request.url());
    });
    const status = async () => (await page.request.get(`${server.url}/api/v1/tasks/${id}`)).status();
    await page.goto(`${server.url}/tasks/${id}/delete`);
    const [remove, undo] = [page.getByRole("button", { name: "Delete" }), page.getByRole("button", { name: "Undo" })];
    await expect(undo).toBeHidden();
    await alive(remove);
    await remove.click();
    await expect(page.getByRole("status")).toHaveText("Deleted in 10 s. Leave this page, or undo, to keep it.");
    await expectAccessible(page);
    await undo.click();
    await expect(remove).toBeVisible();

    await page.clock.install();
    await page.reload();
    await alive(remove);
    await stopClock(page);
    await remove.click();
    await pass(page, 9_000);
    await undo.click();
    await pass(page, 20_000);
    expect(await status(), "it was undone").toBe(200);

    await remove.click();
    await page.getByRole("link", { name: "Keep it" }).click();
    await expect(page).toHaveURL(`${server.url}/tasks/${id}`);
    await pass(page, 20_000);
    expect(await status(), "the page was left").toBe(200);

    await page.goto(`${server.url}/tasks/${id}/delete`);
    await alive(remove);
    await stopClock(page);
    await remove.focus();
    await page.keyboard.press("Enter");
    await expect(undo).toBeFocused();
    await page.clock.runFor(10_000);
    await expect(page).toHaveURL(`${server.url}/tasks`);
    expect(await status()).toBe(410);
    expect(sent, "the form is sent once").toHaveLength(1);
  });
});

test.describe("a task that has ended, without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("is deleted at once", async ({ startPage, taskPage, page, server }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();
    await ended(page, id);
    await page.goto(`${server.url}/tasks/${id}/delete`);
    await page.getByRole("button", { name: "Delete" }).click();
    await expect(page).toHaveURL(`${server.url}/tasks`);
    expect((await page.goto(`${server.url}/tasks/${id}`))?.status()).toBe(410);
  });
});
