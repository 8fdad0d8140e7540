/** The main job, from the form to the result. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";
import { expectMonotone } from "../pages/task.ts";

test.describe("a story", () => {
  test.use({ pace: "steady" });

  test("is started from the form, watched step by step, and read", async ({ home, startPage, taskPage, resultPage, server, page }) => {
    // So long that outlining it takes a second.
    server.addResearch("archive", 150);
    await home.open();
    await home.card("story").click();
    await startPage.startStory("archive", "Ada");
    await taskPage.arrived();
    await taskPage.record();
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });

    const { bar, steps } = await taskPage.shown();
    expectMonotone(bar);
    expect(bar.at(-1)).toBe(100);
    expect(new Set(bar).size, `the bar moved: ${bar.join(" ")}`).toBeGreaterThan(5);
    expect(new Set(steps).size, `the steps changed: ${steps.join("; ")}`).toBeGreaterThan(1);
    expect(await page.title()).toContain("Done");

    await taskPage.openResult.click();
    await expect(resultPage.text).toContainText("Ada");
    const file = join(server.outputFolder, "archive", "story.md");
    expect(existsSync(file)).toBe(true);
    expect(readFileSync(file, "utf8")).toContain("Ada");
  });

  test("has a bar that does not run ahead of it", async ({ startPage, taskPage, page }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();
    const api = new Api(page.request);
    const ahead: number[] = [];
    let task = await api.task(id);
    while (task.status === "queued" || task.status === "running") {
      const shown = await taskPage.percent();
      task = await api.task(id);
      if (task.progress !== null) ahead.push(Math.round(shown - task.progress));
    }
    expect(task.status).toBe("completed");
    // What it predicts between two answers may be off a little, and only for so long.
    expect(Math.max(...ahead), `points ahead: ${ahead.join(" ")}`).toBeLessThanOrEqual(10);
  });

  test("is found again by a reload and by a second visit", async ({ home, startPage, taskPage, tasksPage, page }) => {
    await home.open();
    await home.card("story").click();
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();
    await page.reload();
    await expect(taskPage.heading).toContainText(SUBJECT);

    await home.open();
    await expect(home.recent(id).first()).toBeVisible();
    await tasksPage.open();
    await tasksPage.link(id).click();
    expect(await taskPage.arrived()).toBe(id);
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
  });
});

test.describe("a refusal, which the browser logs by itself", () => {
  test.use({ expectedErrors: answered(400) });

  test("a story without its research file is refused at the field", async ({ startPage, page }) => {
    await startPage.open("story");
    await startPage.startStory("nowhere", "Ada");
    await expect(startPage.field(/subject/i)).toHaveAttribute("aria-invalid", "true");
    await expect(startPage.field(/subject/i)).toHaveAccessibleDescription(/research file/i);
    await expect(startPage.field(/player/i)).toHaveValue("Ada");
    await expect(page).toHaveURL(/\/start\/story$/);
    expect(await new Api(page.request).list()).toEqual([]);
  });

  test("a subject that would leave its folder is refused at the field", async ({ startPage, page }) => {
    await startPage.open("story");
    // Past the browser's own check of the pattern: the server has the last word.
    await page.locator("form").evaluateAll((forms) => forms.forEach((form) => form.setAttribute("novalidate", "")));
    await startPage.startStory("../secrets", "Ada");
    await expect(startPage.field(/subject/i)).toHaveAttribute("aria-invalid", "true");
    await expect(startPage.field(/subject/i)).toHaveAccessibleDescription(/separator|dot/i);
    expect(await new Api(page.request).list()).toEqual([]);
  });
});

test.describe("a story under way", () => {
  test.use({ pace: "slow" });

  test("is not started twice by a second form", async ({ startPage, taskPage, page }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const first = await taskPage.arrived();
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    expect(await taskPage.arrived()).toBe(first);
    expect(await new Api(page.request).list()).toHaveLength(1);
  });

  test("is not started twice by a double click", async ({ startPage, taskPage, page }) => {
    await startPage.open("story");
    await startPage.field(/subject/i).fill(SUBJECT);
    await startPage.field(/player/i).fill("Ada");
    await startPage.submit.dblclick();
    await taskPage.arrived();
    expect(await new Api(page.request).list()).toHaveLength(1);
  });
});
