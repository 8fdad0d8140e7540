/** A task is shared by a link: a fresh browser follows it, without its input, until the link is revoked. */

import { type Browser, type Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";
import { TaskPage } from "../pages/task.ts";

const STORY = { subject: SUBJECT, player: "Ada" };

/** Makes a link on the page of the task; its URL. */
async function share(page: Page, taskPage: TaskPage, mayCancel: boolean): Promise<string> {
  await page.getByRole("link", { name: "Share", exact: true }).click();
  if (mayCancel) await page.getByRole("checkbox", { name: "May cancel" }).check();
  await page.getByRole("button", { name: "Make the link" }).click();
  await expect(page.getByRole("status")).toContainText("it is not shown again");
  const url = await page.getByRole("status").locator("code").textContent();
  await page.goto(page.url().replace(/\/share$/, ""));
  await taskPage.arrived();
  return url ?? "";
}

async function fresh(browser: Browser, baseURL: string, javaScriptEnabled: boolean): Promise<TaskPage> {
  const context = await browser.newContext({ baseURL, javaScriptEnabled });
  return new TaskPage(await context.newPage());
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled, pace: "slow", expectedErrors: answered(404) });

    test("a link shows the progress to a fresh browser until it is revoked, and never the input", async ({ home, page, taskPage, browser, server }) => {
      await home.open();
      const id = await new Api(page.request).start("story", STORY);
      await taskPage.open(id);
      const url = await share(page, taskPage, false);
      expect(url).toMatch(/\/s\/mp_s_[0-9a-f]{64}$/);

      const guest = await fresh(browser, server.url, javaScriptEnabled);
      await guest.page.goto(url);
      expect(await guest.arrived()).toBe(id);
      expect(guest.page.url(), "the token is in no later address").not.toContain("mp_s_");
      await expect(guest.heading).toContainText(SUBJECT);
      await expect(guest.bar).toBeVisible();
      if (javaScriptEnabled) await guest.passed(1);
      await expect(guest.says("You can follow this task, not change it.")).toBeVisible();
      await expect(guest.cancel).toBeHidden();
      for (const name of ["Run again", "Keep longer"]) await expect(guest.page.getByRole("button", { name })).toHaveCount(0);
      for (const name of ["Share", "Delete this task", "Edit and run again", "Start with other values"]) {
        await expect(guest.page.getByRole("link", { name, exact: true })).toHaveCount(0);
      }
      expect((await guest.page.request.get(`/api/v1/tasks/${id}/input`)).status()).toBe(403);
      expect((await guest.page.request.post(`/api/v1/tasks/${id}/cancel`)).status()).toBe(403);
      if (javaScriptEnabled) await expectAccessible(guest.page);

      await page.getByRole("link", { name: "Share", exact: true }).click();
      await expect(page.getByRole("button", { name: "Make the link" })).toBeVisible();
      if (javaScriptEnabled) await expectAccessible(page);
      await page.getByRole("button", { name: /^Revoke the link made/ }).click();
      await expect(page.getByText("There are no links.")).toBeVisible();
      if (javaScriptEnabled) await expect(guest.says("No such task, or it is not yours.")).toBeVisible({ timeout: 60_000 });
      await guest.page.goto(`/tasks/${id}`);
      await expect(guest.page.getByRole("heading", { name: "Not found" })).toBeVisible();
      await guest.page.goto(url);
      await expect(guest.page.getByRole("heading", { name: "This link is not valid any more" })).toBeVisible();
      if (javaScriptEnabled) await expectAccessible(guest.page);
      await guest.page.context().close();
      await page.request.post(`/api/v1/tasks/${id}/cancel`);
    });

    test("a link that may cancel cancels, and the receipt says that it was a link", async ({ home, page, taskPage, browser, server }) => {
      await home.open();
      const id = await new Api(page.request).start("story", STORY);
      await taskPage.open(id);
      const url = await share(page, taskPage, true);
      const guest = await fresh(browser, server.url, javaScriptEnabled);
      await guest.page.goto(url);
      if (javaScriptEnabled) await guest.alive();
      await guest.cancel.click();
      await taskPage.open(id);
      await expect(taskPage.status("Cancelled")).toBeVisible({ timeout: 60_000 });
      await expect(taskPage.says(/Somebody with a share link asked to cancel/)).toBeVisible();
      await guest.page.context().close();
    });

    test("the page of links fits a hand", async ({ home, page, taskPage }) => {
      await home.open();
      const api = new Api(page.request);
      const id = await api.start("story", STORY);
      await taskPage.open(id);
      await page.getByRole("link", { name: "Share", exact: true }).click();
      await page.getByRole("button", { name: "Make the link" }).click();
      await expect(page.getByRole("status")).toContainText("it is not shown again");
      await page.setViewportSize({ width: 360, height: 740 });
      await expectNoSidewaysScroll(page);
      if (javaScriptEnabled) await expectAccessible(page);
      await page.request.post(`/api/v1/tasks/${id}/cancel`);
    });
  });
}
