/** The keyboard alone, and what a screen reader is told. */

import { type Locator, type Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { pass } from "../fixtures/clock.ts";
import { Commands, WAIT_FOR } from "../fixtures/commands.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

/** Presses Tab until the focus is on the element. */
async function tabTo(page: Page, target: Locator, key = "Tab"): Promise<void> {
  for (let steps = 0; steps < 60; steps += 1) {
    await page.keyboard.press(key);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`the ${key} key does not lead to ${target}`);
}

/** Expects that the focus is on something that can be seen: lost, it would be on the body. */
async function expectFocus(page: Page): Promise<void> {
  const focus = page.locator(":focus");
  await expect(focus).toHaveCount(1);
  await expect(focus).toBeVisible();
  await expect(focus).toBeInViewport();
}

test.describe("with the keyboard alone", () => {
  test.use({ pace: "slow" });

  test("a story is started and cancelled, its log is read, and the focus is never lost", async ({ home, startPage, taskPage, page }) => {
    await home.open();
    await tabTo(page, home.card("story"));
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/start\/story$/);
    await tabTo(page, startPage.field(/subject/i));
    await page.keyboard.type(SUBJECT);
    await tabTo(page, startPage.field(/player/i));
    await page.keyboard.type("Ada");
    await page.keyboard.press("Enter");
    await taskPage.arrived();
    await taskPage.alive();
    await taskPage.passed(1);

    // Stop watching and go on is one button.
    await tabTo(page, taskPage.stopWatching);
    await page.keyboard.press("Enter");
    await expect(taskPage.says("Not watching")).toBeVisible();
    await expectFocus(page);
    await expect(taskPage.goOnWatching).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(taskPage.says("Not watching")).toBeHidden();
    await expect(taskPage.stopWatching).toBeFocused();

    await tabTo(page, taskPage.cancel, "Shift+Tab");
    await page.keyboard.press("Enter");
    await expect(taskPage.status("Cancelled")).toBeVisible();
    await expectFocus(page);
    await expect(page.locator(":focus"), "what has the focus says what has happened").toContainText("Cancelled");

    const log = page.getByRole("group", { name: "Lines of the log" });
    await tabTo(page, log);
    await expectFocus(page);
    await expect(log).toContainText("sentences");
    await page.keyboard.press("End");
    await tabTo(page, page.getByRole("link", { name: "Download the log" }));
    const downloading = page.waitForEvent("download");
    await page.keyboard.press("Enter");
    expect((await downloading).suggestedFilename()).toMatch(/\.log$/);
    await expectFocus(page);

    await tabTo(page, page.getByRole("button", { name: /^(Run again|Continue where it stopped)$/ }));
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.pathname.startsWith("/tasks/"));
  });

  test("the first key leads past the header, and each stop can be seen", async ({ home, taskPage, page }) => {
    await home.open();
    await taskPage.open(await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" }));
    await taskPage.alive();
    await page.keyboard.press("Tab");
    await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
    await expect(page.getByRole("link", { name: "Skip to the content" })).toBeInViewport();
    await page.keyboard.press("Enter");
    await expect(page.locator("#main")).toBeFocused();
    const seen: string[] = [];
    for (;;) {
      await page.keyboard.press("Tab");
      const stop = page.locator("main :focus");
      if ((await stop.count()) === 0) break;
      await expect(stop).toBeInViewport();
      const ring = await stop.evaluate((element) => getComputedStyle(element).outlineStyle);
      expect(ring, "a ring around what has the focus").not.toBe("none");
      seen.push(await stop.evaluate((element) => (element.textContent ?? "").trim()));
      expect(seen.length).toBeLessThan(40);
    }
    // What one came for comes before what one may look at.
    const place = (words: string) => seen.findIndex((text) => text.startsWith(words));
    expect(place("Subject"), seen.join(" | ")).toBe(0);
    expect(place("Cancel the task"), seen.join(" | ")).toBe(1);
    expect(place("Stop watching")).toBeGreaterThan(place("Cancel the task"));
    expect(place("Polling")).toBeGreaterThan(place("Stop watching"));
  });
});

/** Begins to write down what a screen reader is told. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const told: string[] = [];
    const look = () => {
      for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
        const text = (region.textContent ?? "").trim();
        const silent = region.closest("[hidden]") !== null || text === "";
        if (!silent && told.at(-1) !== text) told.push(text);
      }
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    Object.assign(window, { told });
  });
  return async () => await page.evaluate(() => (window as unknown as { told: string[] }).told);
}

test.describe("a screen reader", () => {
  const commands = new Commands(
    `[commands.three]
title = "Three"
argv = ["sh", "{config_dir}/three.sh"]
stages = [{ name = "Looking" }, { name = "Packing" }, { name = "Checking" }]
set_env = { GATES = "{config_dir}" }
`,
    {
      "three.sh": `${WAIT_FOR}
say() { printf '%s\\n' "$1" >&"$MILEPOST_PROGRESS_FD"; }
for stage in Looking Packing Checking; do
  say "{\\"stage\\": \\"$stage\\", \\"progress\\": 0.1}"
  wait_for "$stage-half"
  say '{"progress": 0.6}'
  wait_for "$stage-done"
done
`,
    },
  );
  test.use({ settings: commands.settings });

  test("is told each stage, the quarters of a long one and the end, at most every 15 s", async ({ home, taskPage, page }) => {
    const QUIET_MS = 16_000;
    await page.clock.install();
    await home.open();
    const api = new Api(page.request);
    const id = await api.start("three", {});
    await api.until(id, (task) => task.current_step === "Looking");
    await taskPage.open(id);
    await taskPage.alive();
    const told = await listen(page);
    await taskPage.record();
    // Two stages within 15 s: only the latest is told, after them.
    commands.open("Looking-half");
    commands.open("Looking-done");
    await expect(async () => {
      await pass(page, 100);
      await expect(taskPage.says(/^Step 2 of 3: Packing/)).toBeVisible({ timeout: 100 });
    }).toPass();
    expect(await told()).toEqual(["Step 1 of 3: Looking"]);
    await pass(page, QUIET_MS);
    await expect(page.getByRole("status").filter({ hasText: "Step 2 of 3: Packing" })).toHaveCount(1);
    const passUntil = async (check: () => Promise<void>) =>
      await expect(async () => {
        await pass(page, 1_000);
        await check();
      }).toPass();
    commands.open("Packing-half");
    await passUntil(async () => await expect(page.getByRole("status").filter({ hasText: /Packing, (25|50|75) %/ })).toHaveCount(1, { timeout: 100 }));
    commands.open("Packing-done");
    await passUntil(async () => await expect(page.getByRole("status").filter({ hasText: "Step 3 of 3: Checking" })).toHaveCount(1, { timeout: 100 }));
    commands.open("Checking-half");
    commands.open("Checking-done");
    await passUntil(async () => await expect(page.getByRole("status").filter({ hasText: "Completed" })).toHaveCount(1, { timeout: 100 }));
    const words = await told();
    // Which quarters are told depends on how far the bar has gone meanwhile.
    const stages = words.map((text) => text.replace(/, (25|50|75) %$/, ""));
    expect(stages.filter((text, at) => text !== stages[at - 1])).toEqual(["Step 1 of 3: Looking", "Step 2 of 3: Packing", "Step 3 of 3: Checking", "Completed"]);
    // The bar moved far oftener, and can be asked for.
    const { bar } = await taskPage.shown();
    expect(bar.length).toBeGreaterThan(words.length);
    await expect(taskPage.bar).toHaveAttribute("aria-valuetext", /^100 percent, Done$/);
  });
});
