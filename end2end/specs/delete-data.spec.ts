/** All data of a visitor is deleted from its account. */

import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled, expectedErrors: answered(410) });

    test("a browser deletes all of its data and goes on", async ({ startPage, taskPage, page, server }) => {
      await startPage.open("story");
      await startPage.startStory(SUBJECT, "Ada");
      const id = await taskPage.arrived();
      await page.goto(`${server.url}/account`);
      await page.getByLabel("to confirm").fill("delete");
      await page.getByRole("button", { name: "Delete all my data" }).click();
      await expect(page).toHaveURL(/\/account\?deleted=1-0-0-0$/);
      await expect(page.getByRole("status").filter({ hasText: "Deleted: 1 task" })).toBeVisible();
      const gone = await page.goto(`${server.url}/tasks/${id}`);
      expect(gone?.status()).toBe(410);
      await expect(page.getByRole("heading", { level: 1 })).toContainText("Deleted");
      // The session is the same: what is started now is in its list.
      await startPage.open("story");
      await startPage.startStory(SUBJECT, "Bob");
      const next = await taskPage.arrived();
      await page.goto(`${server.url}/tasks`);
      await expect(page.locator(`a[href$="tasks/${next}"]`).first()).toBeVisible();
      await expect(page.locator(`a[href$="tasks/${id}"]`)).toHaveCount(0);
    });

    test("nothing is deleted without the word", async ({ startPage, taskPage, page, server }) => {
      await startPage.open("story");
      await startPage.startStory(SUBJECT, "Ada");
      const id = await taskPage.arrived();
      await page.goto(`${server.url}/account`);
      await page.getByRole("button", { name: "Delete all my data" }).click();
      // The browser asks for the word before it sends the form.
      await expect(page).toHaveURL(/\/account$/);
      const there = await page.request.get(`${server.url}/api/v1/tasks/${id}`);
      expect(there.status()).toBe(200);
    });
  });
}
