/** A story from nothing but the page: the research is written or uploaded on its form, or one of the subjects that are there is chosen. */

import { Api } from "../fixtures/api.ts";
import { expectAccessible } from "../fixtures/axe.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const BREAD = "# Bread\n\n## Dough\n\nThe dough rises because the yeast breathes. It takes a <b>night</b>.\n\n## Oven\n\nThe oven is hot. The crust sings.\n";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("research that is written on the form is told", async ({ startPage, taskPage, page, server }) => {
      await startPage.open("story");
      if (javaScriptEnabled) await expectAccessible(page);
      await startPage.field(/^research \(/i).fill(BREAD);
      await startPage.startStory("bread", "Ada");
      await taskPage.arrived();
      await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
      await page.reload();
      await expect(page.locator("#result-shown")).toContainText("because the yeast breathes");
      expect(server.hasStory("bread"), "it is the task's alone").toBe(false);
      await page.locator("details.input summary").click();
      if (javaScriptEnabled) await expectAccessible(page);
      await page.getByRole("link", { name: "Start with other values" }).click();
      await expect(startPage.field(/^research \(/i)).toHaveValue(BREAD);
    });

    test("a file with research is told", async ({ startPage, taskPage, page }) => {
      await startPage.open("story");
      await startPage.file.setInputFiles({ name: "bread.md", mimeType: "text/markdown", buffer: Buffer.from(BREAD) });
      await startPage.startStory("bread", "Ada");
      await taskPage.arrived();
      await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
      await page.reload();
      await expect(page.locator("#result-shown")).toContainText("because the yeast breathes");
    });

    test("a file is given to several stories at once", async ({ startPage, taskPage, page }) => {
      await page.goto("/start-several/story");
      await startPage.file.setInputFiles({ name: "bread.md", mimeType: "text/markdown", buffer: Buffer.from(BREAD) });
      await startPage.startStory("bread", "Ada\nBen");
      await page.waitForURL(/\/batches\//);
      await page.getByRole("link", { name: "Story: bread, for Ben" }).click();
      await taskPage.arrived();
      await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    });

    test("the subjects that have a research file are offered", async ({ startPage, server }) => {
      server.addResearch("archive", 2);
      await startPage.open("story");
      const offered = startPage.page.locator("#f-subject-examples option");
      await expect(offered).toHaveCount(2);
      await expect(offered.and(startPage.page.locator(`[value="${SUBJECT}"]`))).toHaveText(/, \d+ KB$/);
      await expect(offered.and(startPage.page.locator('[value="archive"]'))).toHaveText(/, \d+ KB$/);
    });

    test.describe("a refusal, which the browser logs by itself", () => {
      test.use({ expectedErrors: answered(400) });

      test("research without a sentence is told at its field, and nothing that was entered is lost", async ({ startPage, page }) => {
        await startPage.open("story");
        await startPage.field(/^research \(/i).fill("# Only a title");
        await startPage.startStory("bread", "Ada");
        await expect(startPage.field(/^research \(/i)).toHaveAccessibleDescription(/no sentence/i);
        await expect(startPage.field(/^research \(/i)).toHaveValue("# Only a title");
        await expect(startPage.field(/player/i)).toHaveValue("Ada");
        expect(await new Api(page.request).list()).toEqual([]);
      });
    });
  });
}
