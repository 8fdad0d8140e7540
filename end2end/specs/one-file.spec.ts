/** The program alone in an empty folder: no site beside it. */

import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BINARY } from "../fixtures/paths.ts";
import { Program } from "../fixtures/program.ts";
import { expect, test } from "../fixtures/test.ts";
import { TaskPage } from "../pages/task.ts";

let folder: string;

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "milepost-one-file-"));
  copyFileSync(BINARY, join(folder, "milepost"));
});
test.afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("serves its pages, their styles and their scripts, and a second start as well", async ({ page }) => {
  const program = new Program(["serve", "--addr", "127.0.0.1:0", "--data", "data"], folder, {}, join(folder, "milepost"));
  try {
    for (const start of [1, 2]) {
      const url = /https?:\/\/[^\s/]+/.exec(await program.start())?.[0] ?? "";
      await page.goto(url);
      const started = await page.request.post(`${url}/api/v1/tasks`, { data: { kind: "dataset", input: { data: `number\n${start}\n` } } });
      const { id } = (await started.json()) as { id: string };
      await page.goto(`${url}/tasks/${id}`);
      const task = new TaskPage(page);
      await expect(task.status("Done")).toBeVisible();
      await expect(page.locator("details.polls fieldset"), "its script runs").toBeEnabled();
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(background, "styled").not.toBe("rgba(0, 0, 0, 0)");
      expect(await program.end("SIGTERM")).toBe(0);
    }
    expect(existsSync(join(folder, "data", "site", ".build"))).toBe(true);
  } finally {
    await program.end("SIGKILL");
  }
});
