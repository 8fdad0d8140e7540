/** The work itself while it grows, and its result and files at the end, on a page that nobody loads again. */

import type { Locator, Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { Commands, WAIT_FOR } from "../fixtures/commands.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";
import { TaskPage } from "../pages/task.ts";

const commands = new Commands(
  `[commands.steps]
title = "Steps"
argv = ["sh", "{config_dir}/steps.sh", "{first}", "{second}"]
set_env = { GATES = "{config_dir}" }
results = ["*.txt"]
[commands.steps.params.first]
type = "text"
required = true
[commands.steps.params.second]
type = "text"
required = true
`,
  { "steps.sh": `${WAIT_FOR}echo "alpha <b>"; wait_for "$1"; echo beta; wait_for "$2"; echo made > made.txt\n` },
);

const shown = (page: Page): Locator => page.locator("#result-shown");

/** Marks the document: after another load the mark is gone. */
const mark = async (page: Page): Promise<void> => await page.evaluate(() => document.documentElement.setAttribute("data-same", ""));
const expectSameDocument = async (page: Page): Promise<void> => await expect(page.locator("html[data-same]")).toHaveCount(1);

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`hydrated, ${colorScheme}`, () => {
    test.use({ colorScheme, settings: { ...commands.settings, MILEPOST_STORY_WORDS_PER_SECOND: "80" } });

    test("the last lines of a command are shown, then its result and its files", async ({ home, page, taskPage }) => {
      await home.open();
      const [first, second] = [commands.gate(), commands.gate()];
      const id = await new Api(page.request).start("steps", { first, second });
      await taskPage.open(id);
      await expect(page.locator("details.polls fieldset")).toBeEnabled({ timeout: 60_000 });
      await mark(page);
      await expect(shown(page)).toHaveText("alpha <b>\n");
      await expect(page.locator(".result")).toContainText("It is not finished yet.");
      commands.open(first);
      await expect(shown(page)).toContainText("beta");
      await expectAccessible(page);
      commands.open(second);
      await expect(taskPage.status("Done")).toBeVisible();
      await expect(shown(page)).toContainText("Exit code");
      await expect(page.getByRole("heading", { name: "Files (1)" })).toBeVisible();
      await expect(page.getByRole("link", { name: "made.txt", exact: true })).toBeVisible();
      await expect(page.getByRole("button", { name: "Run again" })).toBeVisible();
      await expectSameDocument(page);
      await expect(page.locator("link[disabled]")).toHaveCount(0);
      await expectAccessible(page);
      await page.setViewportSize({ width: 390, height: 844 });
      await expectNoSidewaysScroll(page);
    });

    test("chapters are added to those that are there, and the story takes their place", async ({ home, page, taskPage }) => {
      await home.open();
      const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
      await taskPage.open(id);
      await expect(page.locator("details.polls fieldset")).toBeEnabled({ timeout: 60_000 });
      await mark(page);
      const chapters = shown(page).locator("h3");
      await expect(chapters.first()).toBeVisible();
      const before = await chapters.count();
      await shown(page).locator("> :first-child").evaluate((title) => title.setAttribute("data-first", ""));
      await expect.poll(async () => await chapters.count()).toBeGreaterThan(before);
      await expect(shown(page).locator("[data-first]")).toHaveCount(1);
      await expectAccessible(page);
      await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
      await expect(shown(page).locator("[data-first]")).toHaveCount(0);
      await expect(shown(page)).toContainText("A story for Ada");
      await expectSameDocument(page);
      const live = await shown(page).innerHTML();
      await taskPage.open(id);
      expect(await shown(page).innerHTML()).toBe(live);
    });

    test("a tab that another one polls for shows the same", async ({ context, home, page, taskPage }) => {
      await home.open();
      const [first, second] = [commands.gate(), commands.gate()];
      const id = await new Api(page.request).start("steps", { first, second });
      await taskPage.open(id);
      await expect(page.locator("details.polls fieldset")).toBeEnabled({ timeout: 60_000 });
      const other = new TaskPage(await context.newPage());
      await other.open(id);
      await expect(other.page.locator("details.polls fieldset")).toBeEnabled({ timeout: 60_000 });
      const both = [page, other.page];
      for (const tab of both) await expect(shown(tab)).toContainText("alpha");
      commands.open(first);
      for (const tab of both) await expect(shown(tab)).toContainText("beta");
      commands.open(second);
      for (const tab of both) await expect(tab.getByRole("link", { name: "made.txt", exact: true })).toBeVisible();
    });
  });
}

test.describe("a cancelled task", () => {
  test.use({ settings: commands.settings });

  test("no longer shows what was not finished", async ({ home, page, taskPage }) => {
    await home.open();
    const id = await new Api(page.request).start("steps", { first: commands.gate(), second: commands.gate() });
    await taskPage.open(id);
    await expect(page.locator("details.polls fieldset")).toBeEnabled({ timeout: 60_000 });
    await expect(shown(page)).toContainText("alpha");
    await taskPage.cancel.click();
    await expect(taskPage.status("Cancelled")).toBeVisible();
    await expect(shown(page)).toBeEmpty();
  });
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false, settings: commands.settings });

  test("each load shows what is finished so far", async ({ home, page, taskPage }) => {
    await home.open();
    const [first, second] = [commands.gate(), commands.gate()];
    const api = new Api(page.request);
    const id = await api.start("steps", { first, second });
    const reloaded = async (text: string) =>
      await expect(async () => {
        await taskPage.open(id);
        await expect(shown(page)).toContainText(text, { timeout: 1 });
      }).toPass({ timeout: 30_000 });
    await reloaded("alpha");
    commands.open(first);
    await reloaded("beta");
    await expectNoSidewaysScroll(page);
    commands.open(second);
    await api.untilEnded(id);
    await reloaded("Exit code");
  });
});
