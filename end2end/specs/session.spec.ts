/** A browser is known by its cookie, until it asks to be forgotten. */

import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

test.use({ pace: "slow", expectedErrors: answered(404) });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a browser that is forgotten reaches none of its tasks any more", async ({ startPage, taskPage, page, context, server }) => {
      await startPage.open("story");
      await startPage.startStory(SUBJECT, "Ada");
      const id = await taskPage.arrived();
      await page.getByRole("link", { name: "Forget me on this browser" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Forget me on this browser");
      await expect(page.getByText("not even by their address")).toBeVisible();
      await page.getByRole("button", { name: "Forget me" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("This browser is forgotten");
      expect(await context.cookies(), "the cookie is gone").toEqual([]);
      const answer = await page.goto(`${server.url}/tasks/${id}`);
      expect(answer?.status()).toBe(404);
      await page.goto(`${server.url}/tasks`);
      await expect(page.getByText("No tasks yet")).toBeVisible();
    });
  });
}
