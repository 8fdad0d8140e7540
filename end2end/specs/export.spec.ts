/** All data of a visitor is one archive. */

import { readFile } from "node:fs/promises";

import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a browser downloads all of its data from its account", async ({ startPage, taskPage, page, server }) => {
      await startPage.open("story");
      await startPage.startStory(SUBJECT, "Ada");
      const id = await taskPage.arrived();
      await page.goto(`${server.url}/account`);
      const downloading = page.waitForEvent("download");
      await page.getByRole("link", { name: "Download all my data" }).click();
      const download = await downloading;
      expect(download.suggestedFilename()).toMatch(/^milepost .+\.zip$/);
      // It is not compressed: the names of its entries are readable.
      const bytes = await readFile(await download.path());
      expect(bytes.subarray(0, 2).toString()).toBe("PK");
      for (const entry of [`tasks/${id}/task.json`, `tasks/${id}/input.json`, "export.json"]) {
        expect(bytes.includes(entry), entry).toBe(true);
      }
    });
  });
}
