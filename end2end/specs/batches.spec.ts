/** Several tasks from one form: one a line, one page, one bar; with and without JavaScript. */

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { Commands, WAIT_FOR } from "../fixtures/commands.ts";
import { answered, expect, test } from "../fixtures/test.ts";
import type { StartPage } from "../pages/start.ts";

const SUBJECTS = ["harbour", "island", "reef"];
const BATCH_PATH = /\/batches\/[0-9a-f-]{36}$/;

/** From the first page to the form that starts several. */
async function openForm(page: Page, startPage: StartPage): Promise<void> {
  await startPage.open("story");
  await page.getByRole("link", { name: "Start several at once" }).click();
  await expect(page).toHaveURL(/\/start-several\/story$/);
}

async function start(startPage: StartPage, subjects: string[], players: string): Promise<void> {
  await startPage.field(/subject/i).fill(subjects.join("\n"));
  await startPage.field(/player/i).fill(players);
  await startPage.submit.click();
}

const bar = (page: Page) => page.getByRole("progressbar", { name: "All of them together" });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test.beforeEach(({ server }) => SUBJECTS.forEach((subject) => server.addResearch(subject)));

    test("three lines are three tasks under one bar, which is full when all have ended", async ({ page, startPage }) => {
      await openForm(page, startPage);
      await start(startPage, SUBJECTS, "Ada");
      await page.waitForURL(BATCH_PATH);
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("3 × Story");
      await expect(bar(page)).toHaveCount(1);
      await expect(page.getByText("100 %, 3 of 3 have ended")).toBeVisible({ timeout: 60_000 });
      await expect(bar(page)).toHaveJSProperty("value", 1000);
      const titles = page.getByRole("main").getByRole("listitem").getByRole("link");
      for (const subject of SUBJECTS) await expect(titles.filter({ hasText: subject })).toHaveCount(1);
      await expect(page.getByRole("button", { name: /^cancel all/i })).toBeHidden();
      expect((await new Api(page.request).list()).map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
      // Each of them leads back.
      await titles.first().click();
      await page.getByRole("link", { name: "All tasks of this batch" }).click();
      await expect(page).toHaveURL(BATCH_PATH);
    });

    test.describe("slow ones", () => {
      test.use({ pace: "slow" });

      test("are all cancelled by one button", async ({ page, startPage }) => {
        await openForm(page, startPage);
        await start(startPage, SUBJECTS, "Ada\nBen\nCleo");
        await page.waitForURL(BATCH_PATH);
        await page.getByRole("button", { name: /^cancel all/i }).click();
        await page.waitForURL(BATCH_PATH);
        await expect(page.getByRole("main").locator("[data-status=cancelled]")).toHaveCount(3, { timeout: 60_000 });
        await expect(page.getByText("100 %, 3 of 3 have ended")).toBeVisible();
        await expect(page.getByRole("button", { name: /^cancel all/i })).toBeHidden();
        expect((await new Api(page.request).list()).map(({ status }) => status)).toEqual(["cancelled", "cancelled", "cancelled"]);
      });
    });

    test.describe("a refusal, which the browser logs by itself", () => {
      test.use({ expectedErrors: answered(400) });

      test("a wrong line is told at its place, nothing is started, and nothing that was entered is lost", async ({ page, startPage, server }) => {
        await openForm(page, startPage);
        const lines = ["harbour", "nowhere", "reef"];
        await start(startPage, lines, "Ada");
        await expect(startPage.field(/subject/i)).toHaveAttribute("aria-invalid", "true");
        await expect(startPage.field(/subject/i)).toHaveAccessibleDescription(/line 2: .*research file/i);
        await expect(startPage.field(/subject/i)).toHaveValue(lines.join("\n"));
        await expect(startPage.field(/player/i)).toHaveValue("Ada");
        await expect(startPage.field(/player/i)).not.toHaveAttribute("aria-invalid", "true");
        expect(await new Api(page.request).list()).toEqual([]);

        // What was entered is started once the line is right.
        server.addResearch("nowhere");
        await startPage.submit.click();
        await page.waitForURL(BATCH_PATH);
        expect(await new Api(page.request).list()).toHaveLength(3);
      });

      test("lines that do not belong together are told at the field that has too few", async ({ page, startPage }) => {
        await openForm(page, startPage);
        await start(startPage, SUBJECTS, "Ada\nBen");
        await expect(startPage.field(/player/i)).toHaveAccessibleDescription(/2 lines here and 3 elsewhere/);
        await expect(startPage.field(/player/i)).toHaveValue("Ada\nBen");
        expect(await new Api(page.request).list()).toEqual([]);
      });
    });
  });
}

test.describe("for everybody", () => {
  test.use({ contextOptions: { reducedMotion: "reduce" }, expectedErrors: answered(400, 404) });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`the form, its refusal and the page can be read by everybody, ${colorScheme}`, async ({ page, startPage, server }) => {
      await page.emulateMedia({ colorScheme });
      const look = async () => {
        await expectAccessible(page);
        await page.setViewportSize({ width: 360, height: 740 });
        await expectNoSidewaysScroll(page);
        await page.setViewportSize({ width: 1280, height: 720 });
      };
      server.addResearch("harbour");
      await openForm(page, startPage);
      await look();
      await start(startPage, ["harbour", "nowhere"], "Ada");
      await expect(page.locator("[aria-invalid=true]")).toBeVisible();
      await look();
      await start(startPage, ["harbour", "lighthouse"], "Ada");
      await page.waitForURL(BATCH_PATH);
      await expect(page.getByText("100 %, 2 of 2 have ended")).toBeVisible();
      await look();
      await page.goto("/batches/00000000-0000-4000-8000-000000000000");
      await look();
    });
  }
});

test.describe("those that failed", () => {
  const commands = new Commands(
    `[commands.end]
title = "End"
argv = ["sh", "{config_dir}/end.sh", "{how}", "{gate}"]
set_env = { GATES = "{folder}" }
[commands.end.params.how]
type = "text"
required = true
pattern = "[a-z]+"
pattern_description = "Say it in small letters."
[commands.end.params.gate]
type = "text"
default = "gate"
`,
    { "end.sh": `${WAIT_FOR}if [ "$1" = wait ]; then wait_for "$2"; fi\n[ "$1" = good ]` },
  );
  test.use({ settings: commands.settings });

  const RETRY = "Rerun failed tasks";

  test("while one looks on can be run again", async ({ page }) => {
    const gate = commands.gate();
    await page.goto("/start-several/end");
    await page.getByLabel("how").fill("good\nwait");
    await page.getByLabel("gate").fill(gate);
    await page.getByRole("button", { name: "Start all" }).click();
    await page.waitForURL(BATCH_PATH);
    await expect(page.getByRole("button", { name: RETRY })).toBeHidden();
    const first = page.url();
    commands.open(gate);
    await expect(page.getByRole("button", { name: RETRY }), "without a reload").toBeVisible({ timeout: 15_000 });
    await expectAccessible(page);
    await page.getByRole("button", { name: RETRY }).dblclick();
    await page.waitForURL((url) => url.href !== first);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("1 × End");
  });

  test.describe("without a script", () => {
    test.use({ javaScriptEnabled: false });

    test("are run again", async ({ page }) => {
      await page.goto("/start-several/end");
      await page.getByLabel("how").fill("good\nbad\nworse");
      await page.getByRole("button", { name: "Start all" }).click();
      await page.waitForURL(BATCH_PATH);
      const failed = page.getByText("2 of them failed.");
      await expect(async () => {
        await page.reload();
        await expect(failed).toBeVisible({ timeout: 100 });
      }).toPass({ timeout: 15_000 });
      await page.getByRole("button", { name: RETRY }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("2 × End");
    });
  });
});
