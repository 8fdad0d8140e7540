/** Several tabs, and several people. */

import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";
import { HomePage } from "../pages/home.ts";
import { TaskPage } from "../pages/task.ts";

test.describe("two tabs", () => {
  test.use({ pace: "slow" });

  test("show the same task, and a cancel in one is seen in the other", async ({ startPage, taskPage, context }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();
    const second = new TaskPage(await context.newPage());
    await second.open(id);
    await Promise.all([taskPage.passed(1), second.passed(1)]);
    await second.cancel.click();
    await expect(second.status("Cancelled")).toBeVisible();
    await expect(taskPage.status("Cancelled")).toBeVisible();
  });
});

test.describe("another session", () => {
  test.use({ pace: "slow", expectedErrors: [answered(404)] });

  test("gets the same page for somebody else's task as for none", async ({ startPage, taskPage, browser, server }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();

    const stranger = await browser.newContext({ baseURL: server.url });
    const page = await stranger.newPage();
    await new HomePage(page).open();
    await expect(new HomePage(page).recent(id)).toHaveCount(0);
    const seen: string[] = [];
    for (const other of [id, "00000000-0000-4000-8000-000000000000"]) {
      for (const path of [`/tasks/${other}`, `/tasks/${other}/result`]) {
        const answer = await page.goto(path);
        expect(answer?.status()).toBe(404);
        await expect(page.getByRole("heading", { level: 1 })).toContainText(/not found|no such task/i);
        seen.push((await page.getByRole("main").innerText()).replaceAll(other, "ID"));
      }
    }
    expect(seen.slice(0, 2)).toEqual(seen.slice(2));
    await stranger.close();
  });

  test("a page that is not there says so", async ({ page }) => {
    const answer = await page.goto("/no/such/page");
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole("heading", { level: 1 })).toContainText(/not found/i);
    await expect(page.getByRole("main").getByRole("link").first()).toBeVisible();
  });
});
