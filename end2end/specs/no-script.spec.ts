/** The whole loop with JavaScript off: forms and refreshes. */

import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

test.use({ javaScriptEnabled: false });

test.describe("without JavaScript", () => {
  test.describe("a steady story", () => {
    test.use({ pace: "steady" });

    test("is started, followed by refreshes, and read", async ({ home, startPage, taskPage, resultPage, page }) => {
      let loads = 0;
      page.on("request", (request) => {
        if (request.isNavigationRequest() && request.method() === "GET" && /\/tasks\/[^/]+$/.test(request.url())) loads += 1;
      });
      await home.open();
      await home.card("story").click();
      await startPage.startStory(SUBJECT, "Ada");
      await taskPage.arrived();
      await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
      expect(loads, "the page refreshed itself").toBeGreaterThan(1);
      const atTheEnd = await page.content();
      expect(atTheEnd, "and does not any more").not.toMatch(/http-equiv="?refresh/i);
      await taskPage.openResult.click();
      await expect(resultPage.text).toContainText("Ada");
    });
  });

  test.describe("a slow story", () => {
    test.use({ pace: "slow" });

    test("is cancelled by its form", async ({ startPage, taskPage }) => {
      await startPage.open("story");
      await startPage.startStory(SUBJECT, "Ada");
      const id = await taskPage.arrived();
      await taskPage.cancel.click();
      expect(await taskPage.arrived()).toBe(id);
      await expect(taskPage.status("Cancelled")).toBeVisible({ timeout: 30_000 });
    });
  });

  test("a missing research file is told at the field, and what was typed stays", async ({ startPage }) => {
    await startPage.open("story");
    await startPage.startStory("nowhere", "Ada");
    await expect(startPage.field(/subject/i)).toHaveAttribute("aria-invalid", "true");
    await expect(startPage.field(/subject/i)).toHaveAccessibleDescription(/research file/i);
    await expect(startPage.field(/subject/i)).toHaveValue("nowhere");
    await expect(startPage.field(/player/i)).toHaveValue("Ada");
  });
});
