/** The server goes away and comes back; the network goes away and comes back. */

import { setTimeout } from "node:timers/promises";

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { NO_CONNECTION, expect, test } from "../fixtures/test.ts";
import { TaskPage, expectMonotone } from "../pages/task.ts";

const RECONNECTING = "Reconnecting";
/** How long the server of the database is away. */
const OUTAGE_MS = 10_000;

test.use({
  pace: "steady",
  // Asked to stop, the server would otherwise let the story come to its end first.
  settings: { MILEPOST_ENGINE_DRAIN_S: "0" },
  expectedErrors: NO_CONNECTION,
});

for (const end of ["stop", "kill"] as const) {
  test(`after a ${end} and a start of the server the page recovers and the story goes on`, async ({ startPage, taskPage, server, page }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();
    await taskPage.passed(15);
    await taskPage.record();
    const before = (await new Api(page.request).task(id)).attempt;

    await server[end]();
    await expect(taskPage.says(RECONNECTING)).toBeVisible();
    await server.start();

    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    await expect(taskPage.says(RECONNECTING)).toBeHidden();
    const { bar } = await taskPage.shown();
    expect(bar.at(-1)).toBe(100);
    const after = await new Api(page.request).task(id);
    // Another attempt may begin behind where the bar was; the same attempt may not.
    if (after.attempt === before) expectMonotone(bar);
    else expect(bar.filter((value, index) => value < (bar[index - 1] ?? 0)).length).toBeLessThanOrEqual(after.attempt - before);
    expect(await new Api(page.request).list(), "no second story").toHaveLength(1);
    // The card shows the reason, where it went on, since when that is safe, and what it cost.
    const [reason, sentence] = end === "kill" ? ["worker_lost", "The worker was lost."] : ["released", "The worker was stopped."];
    expect(after.resumed).toMatchObject({ reason, step: 4 });
    const saved = `${after.resumed?.checkpoint_at?.slice(11, 19)} UTC`;
    const card = page.locator("#resumed");
    await expect(card).toContainText(`${sentence} Resumed at step 4 of 5, saved ${saved}`);
    const redone = after.resumed?.redone_ms ?? 0;
    if (redone >= 1_000) await expect(card).toContainText(`, ${Math.floor(redone / 1_000)} s repeated.`);
  });
}

test.describe("a database of its own", () => {
  test.use({ database: "postgres" });

  test("while the database is away the page says so, and everything recovers automatically", async ({ startPage, taskPage, server, page }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();
    await taskPage.passed(15);
    await server.setDatabaseAway(true);
    const answer = await page.request.get(`/api/v1/tasks/${id}`);
    expect(answer.status()).toBe(503);
    expect(answer.headers()["retry-after"]).toMatch(/^\d+$/);
    await expect(taskPage.says(RECONNECTING)).toBeVisible();
    await server.setDatabaseAway(false);
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    await expect(taskPage.says(RECONNECTING)).toBeHidden();
    // It was away for longer than a lease is confirmed, or not: at most that attempt was lost.
    expect((await new Api(page.request).task(id)).attempt).toBeLessThanOrEqual(2);
  });

  test("PostgreSQL is stopped for ten seconds: a page that is open says so and recovers, one that is opened tries again, and the task ends", async ({ startPage, taskPage, server, page, context, browser }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();
    await taskPage.passed(10);
    await taskPage.record();
    await server.stopDatabase();
    // The time in which it is away is what is tested.
    const over = setTimeout(OUTAGE_MS);
    const plain = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false, storageState: await context.storageState() });
    const opened = await plain.newPage();
    expect((await opened.goto(`/tasks/${id}`))?.status()).toBe(503);
    await expect(opened.getByRole("heading", { name: RECONNECTING })).toBeVisible();
    await expect(taskPage.says(RECONNECTING)).toBeVisible({ timeout: OUTAGE_MS });
    const answer = await page.request.get(`/api/v1/tasks/${id}`);
    expect([answer.status(), answer.headers()["retry-after"]]).toEqual([503, "2"]);
    await over;
    await expect(taskPage.says(RECONNECTING), "to the end of the outage").toBeVisible();
    await server.startDatabase();

    await expect(taskPage.says(RECONNECTING)).toBeHidden();
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    await expect(new TaskPage(opened).status("Done")).toBeVisible({ timeout: 60_000 });
    await plain.close();
    const { attempt } = await new Api(page.request).task(id);
    const { bar } = await taskPage.shown();
    expect(bar.filter((value, index) => value < (bar[index - 1] ?? 0)).length, "another attempt may begin behind").toBeLessThanOrEqual(attempt - 1);
    expect(await new Api(page.request).list(), "no second story").toHaveLength(1);
  });
});

test("offline the page says so and waits; online it catches up", async ({ startPage, taskPage, polls, page, context }) => {
  await startPage.open("story");
  await startPage.startStory(SUBJECT, "Ada");
  const id = await taskPage.arrived();
  await taskPage.passed(5);
  await taskPage.record();

  await context.setOffline(true);
  await expect(taskPage.says("You are offline")).toBeVisible();
  const asked = polls.made;
  // The story ends while nobody hears of it.
  await new Api(page.request).untilEnded(id);
  expect(polls.made, "no poll while offline").toBe(asked);
  await expect(taskPage.status("Done")).toBeHidden();

  await context.setOffline(false);
  await expect(taskPage.status("Done")).toBeVisible();
  await expect(taskPage.says("You are offline")).toBeHidden();
  expectMonotone((await taskPage.shown()).bar);
});

test("a page that comes to life while offline says so, too", async ({ home, taskPage, page }) => {
  await home.open();
  const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
  // The page and its WASM are loaded; when the WASM starts, the network has just gone.
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "onLine", { get: () => false }));
  await taskPage.open(id);
  await expect(taskPage.says("You are offline")).toBeVisible();
});
