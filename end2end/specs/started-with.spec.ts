/** What a task was started with, its result and its files at a glance. */

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { Commands, WHISPER } from "../fixtures/commands.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

const commands = new Commands(`${WHISPER}[commands.pack]
title = "Pack"
argv = ["sh", "-c", "echo packed; echo one > one.txt; echo two > two.txt"]
results = ["*"]
[commands.breaks]
title = "Break"
argv = ["sh", "-c", "echo 'the disk is full' >&2; exit 3"]
`);

for (const javaScriptEnabled of [true, false]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${javaScriptEnabled ? "with" : "without"} JavaScript, ${colorScheme}`, () => {
      test.use({ javaScriptEnabled, colorScheme, settings: commands.settings });

      test("a task shows its input, by whom it was started and its earlier runs", async ({ home, page, taskPage }) => {
        await home.open();
        const api = new Api(page.request);
        const first = await api.start("story", { subject: SUBJECT, player: "Ada" });
        await api.untilEnded(first);
        const id = await api.start("story", { subject: SUBJECT, player: "Ada" });
        await api.untilEnded(id);
        await taskPage.open(id);
        const summary = page.locator(".input > summary");
        await expect(summary).toContainText(SUBJECT);
        await expect(summary).toContainText("Ada");
        await summary.click();
        await expect(taskPage.says("Started by you")).toBeVisible();
        await expect(page.getByRole("link", { name: "Start with other values" })).toHaveAttribute("href", `start/story?from=${id}`);
        await expect(page.locator(".input li a")).toHaveCount(1);
        await expect(page.locator(".input li a")).toHaveAttribute("href", `tasks/${first}`);
        if (javaScriptEnabled) await expectAccessible(page);
        await page.setViewportSize({ width: 390, height: 844 });
        await expectNoSidewaysScroll(page);
      });

      test("a secret is shown as dots, while it runs and after its end", async ({ home, page, taskPage }) => {
        await home.open();
        const api = new Api(page.request);
        const id = await api.start("whisper", { token: "hush-hush", word: "hello" });
        await api.untilEnded(id);
        await taskPage.open(id);
        await page.locator(".input > summary").click();
        await expect(page.locator(".input dd").filter({ hasText: "••••" })).toHaveCount(1);
        await expect(page.locator(".input dd").filter({ hasText: "hello" })).toHaveCount(1);
        expect(await page.content()).not.toContain("hush-hush");
      });

      test("a small result is on the page", async ({ home, page, taskPage }) => {
        await home.open();
        const api = new Api(page.request);
        const id = await api.start("story", { subject: SUBJECT, player: "Ada" });
        await api.untilEnded(id);
        await taskPage.open(id);
        await expect(page.locator("#result-shown")).toContainText("A story for Ada");
        if (javaScriptEnabled) {
          await page.waitForLoadState("networkidle");
          await expect(page.locator("#result-shown")).toContainText("A story for Ada");
          await expectAccessible(page);
        }
        await page.setViewportSize({ width: 390, height: 844 });
        await expectNoSidewaysScroll(page);
      });

      test("a command's files stand before its log", async ({ home, page, taskPage }) => {
        await home.open();
        const api = new Api(page.request);
        const id = await api.start("pack", {});
        await api.untilEnded(id);
        await taskPage.open(id);
        await expect(page.getByRole("heading", { name: "Files (2)" })).toBeVisible();
        const [files, log] = await Promise.all([page.locator("#files-title").boundingBox(), page.locator("#log-title").boundingBox()]);
        expect(files?.y).toBeLessThan(log?.y ?? 0);
        await expect(taskPage.main).not.toContainText("vnd.milepost");
        if (javaScriptEnabled) await expectAccessible(page);
      });

      test("a failed command has its last lines below the error", async ({ home, page, taskPage }) => {
        await home.open();
        const api = new Api(page.request);
        const id = await api.start("breaks", {});
        await api.untilEnded(id);
        await taskPage.open(id);
        await expect(page.getByRole("heading", { name: "What went wrong" })).toBeVisible();
        await expect(page.locator(".log")).toContainText("the disk is full");
        await expect(page.getByRole("button", { name: "Run again" })).toHaveCount(1);
        await expect(page.getByRole("link", { name: "Start another" })).toHaveCount(0);
        if (javaScriptEnabled) await expectAccessible(page);
      });
    });
  }
}
