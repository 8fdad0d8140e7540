/** The operator's page: live by polling, whole without JavaScript, with one task and with hundreds on two workers. */

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { expect, test } from "../fixtures/test.ts";

const MANY = 500;

test.use({ pace: "slow", settings: { MILEPOST_AUTH_LOCAL_OPERATOR: "true" } });

/** A figure of the kind `story`, by the head of its column. */
async function figure(page: Page, column: "Running" | "Waiting"): Promise<number> {
  const cell = page.getByRole("region", { name: "Kinds" }).getByRole("row", { name: /^story/ }).getByRole("cell");
  return Number(await cell.nth(column === "Running" ? 0 : 1).textContent());
}

const startStory = async (page: Page, player: string) => await new Api(page.request).start("story", { subject: "harbour", player });

test.describe("with JavaScript", () => {
  test("what others start, cancel and pause is seen without a reload, and who uses a button keeps it", async ({ page, server }) => {
    server.addResearch("harbour");
    await page.goto("/admin");
    await expect(page.getByText("No task is running.")).toBeVisible();
    const loaded = await page.evaluate(() => performance.timeOrigin);
    await page.getByRole("button", { name: "Pause story" }).focus();
    const id = await startStory(page, "Ada");
    await expect.poll(async () => await figure(page, "Running"), { timeout: 30_000 }).toBe(1);
    await expect(page.getByRole("button", { name: "Pause story" })).toBeFocused();
    await expect(page.locator("#now-slowest").getByRole("link")).toHaveAttribute("href", `tasks/${id}`);
    await page.request.post(`/api/v1/tasks/${id}/cancel`);
    await expect.poll(async () => await figure(page, "Running"), { timeout: 30_000 }).toBe(0);
    await page.request.post("/api/v1/admin/pause", { data: { kind: "story" } });
    await expect(page.getByRole("button", { name: "Resume story" })).toBeFocused({ timeout: 30_000 });
    expect(await page.evaluate(() => performance.timeOrigin), "the page was never loaded again").toBe(loaded);
    // Whoever has scrolled away from what has the focus stays there while it is replaced.
    const at = async () => (await page.locator("#now-at time").getAttribute("datetime")) ?? "";
    await page.evaluate(() => scrollTo({ top: document.body.scrollHeight }));
    const [before, place] = [await at(), await page.evaluate(() => scrollY)];
    expect(place).toBeGreaterThan(0);
    await expect.poll(at, { timeout: 30_000 }).not.toBe(before);
    await expect(page.getByRole("button", { name: "Resume story" })).toBeFocused();
    expect(await page.evaluate(() => scrollY)).toBe(place);
    // It can be stopped.
    await page.getByRole("button", { name: "Stop watching" }).click();
    await expect(page.getByRole("button", { name: "Go on watching" })).toBeVisible();
    await expectAccessible(page);
  });

  test("a queued task shows its place, and is found by what is in its input", async ({ page, server }) => {
    server.addResearch("harbour");
    await page.request.post("/api/v1/admin/pause", { data: { kind: "story" } });
    await startStory(page, "Ada");
    const second = await startStory(page, "Theophania");
    await page.goto("/admin");
    await page.getByLabel("Title, error or input").fill("theophania");
    await page.getByRole("button", { name: "Search" }).click();
    const found = page.locator("li").filter({ has: page.locator(`[id^='found-']`) });
    await expect(found).toHaveCount(1);
    await expect(found.getByRole("link")).toHaveAttribute("href", `tasks/${second}`);
    await expect(found).toContainText("Waiting, 2nd in line");
  });
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a kind is paused and resumed, and the page loads itself again only if asked to", async ({ page }) => {
    await page.goto("/admin");
    await expect(page.locator("meta[http-equiv=refresh]")).toHaveCount(0);
    await page.getByRole("button", { name: "Pause story" }).click();
    await page.getByRole("button", { name: "Resume story" }).click();
    await expect(page.getByRole("button", { name: "Pause story" })).toBeVisible();
    await page.getByRole("link", { name: "Update every 10 s" }).click();
    await expect(page.locator("meta[http-equiv=refresh]")).toHaveCount(1);
    await page.getByRole("link", { name: "Stop updating" }).click();
    await expect(page.locator("meta[http-equiv=refresh]")).toHaveCount(0);
  });
});

for (const [look, colorScheme, width] of [
  ["light", "light", 1280],
  ["dark", "dark", 1280],
  ["narrow", "dark", 390],
] as const) {
  test.describe(`${MANY} running tasks, ${look}`, () => {
    test.use({
      database: "postgres",
      colorScheme,
      viewport: { width, height: 900 },
      contextOptions: { reducedMotion: "reduce" },
      settings: {
        MILEPOST_AUTH_LOCAL_OPERATOR: "true",
        MILEPOST_ENGINE_CONCURRENCY: String(MANY / 2),
        MILEPOST_ENGINE_MAX_BATCH: String(MANY),
        MILEPOST_ENGINE_MAX_QUEUED_PER_OWNER: String(2 * MANY),
        MILEPOST_KINDS_STORY_CONCURRENCY: String(MANY / 2),
      },
    });

    test("are told by kind, by owner and by worker", async ({ page, server }) => {
      server.addResearch("harbour");
      await page.goto("/admin");
      const inputs = Array.from({ length: MANY }, (_, n) => ({ subject: "harbour", player: `Player ${n}` }));
      const started = await page.request.post("/api/v1/batches", { data: { kind: "story", inputs } });
      expect(started.status(), await started.text()).toBe(202);
      await expect.poll(async () => await figure(page, "Running"), { timeout: 60_000 }).toBe(MANY);
      await expect(page.locator("#now-workers tr")).toHaveCount(2);
      await expect(page.locator("#now-workers")).toContainText(`${MANY / 2} of ${MANY / 2}`);
      await expect(page.locator("#now-slowest li")).toHaveCount(10);
      await expectNoSidewaysScroll(page);
      await expectAccessible(page);
    });
  });
}
