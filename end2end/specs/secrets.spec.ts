/** A secret that is entered into a form is shown by no page afterwards. */

import { Commands, WHISPER } from "../fixtures/commands.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const SECRET = "open-sesame";

const commands = new Commands(WHISPER);

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled, settings: commands.settings, expectedErrors: answered(400) });

    test("a form that is refused asks for it again and does not show it", async ({ startPage, taskPage, page }) => {
      await startPage.open("whisper");
      await startPage.field("Token").fill(SECRET);
      // Only the server knows that this would be taken for an option.
      await startPage.field(/^word/i).fill("-x");
      await startPage.submit.click();
      await expect(page.getByText("must not begin with -").first()).toBeVisible();
      await expect(startPage.field(/^word/i)).toHaveValue("-x");
      expect(await page.content()).not.toContain(SECRET);
      expect(page.url()).not.toContain(SECRET);
      await startPage.field("Token").fill(SECRET);
      await startPage.field(/^word/i).fill("x");
      await startPage.submit.click();
      await taskPage.arrived();
      expect(await page.content()).not.toContain(SECRET);
    });

    test("a form for several tasks hides it, and shows it neither when it is refused", async ({ page }) => {
      await page.goto("/start-several/whisper?token=from-the-link&word=hello");
      const token = page.getByLabel("Token");
      await expect(token).toHaveAttribute("type", "password");
      await expect(token).toHaveValue("");
      await token.fill(SECRET);
      await page.getByLabel(/^word/i).fill("a\n-b");
      await page.getByRole("button", { name: "Start all" }).click();
      await expect(page.getByText("Line 2: must not begin with -").first()).toBeVisible();
      await expect(page.getByLabel(/^word/i)).toHaveValue(/a\s+-b/);
      await expect(token).toHaveValue("");
      await expect(page.getByText("Please enter it again").first()).toBeVisible();
      expect(await page.content()).not.toContain(SECRET);
      await token.fill(SECRET);
      await page.getByLabel(/^word/i).fill("a\nb");
      await page.getByRole("button", { name: "Start all" }).click();
      await page.waitForURL(/\/batches\//);
      expect(await page.content()).not.toContain(SECRET);
    });
  });
}
