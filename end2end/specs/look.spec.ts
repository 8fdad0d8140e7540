/** What was seen on pictures of the pages and is gone. */

import { Api } from "../fixtures/api.ts";
import { Commands } from "../fixtures/commands.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

const commands = new Commands(`[commands.fails]
title = "Fail"
argv = ["sh", "-c", "exit {code}"]
[commands.fails.params.code]
type = "integer"
required = true
`);

test.use({ settings: commands.settings });

test("a page says once how its task ended", async ({ home, page, taskPage }) => {
  await home.open();
  const api = new Api(page.request);
  const done = await api.start("story", { subject: SUBJECT, player: "Ada" });
  const failed = await api.start("fails", { code: 3 });
  await Promise.all([api.untilEnded(done), api.untilEnded(failed)]);
  for (const [id, word] of [
    [done, "Done"],
    [failed, "Failed"],
  ] as const) {
    await taskPage.open(id);
    await expect(taskPage.status(word)).toBeVisible();
    const parts = page.locator(".now, .facts, .card > h2, .card > p, #task-acts");
    const seen = (await parts.allInnerTexts()).join(" ");
    expect(seen.match(/\b(Done|Completed|Failed|This task failed)\b/g), seen).toEqual([word]);
    // No button for the same wish twice.
    await expect(page.getByRole("link", { name: /^(start another|edit and run again)$/i })).toHaveCount(1);
    await expect(page.getByText("Polling", { exact: true })).toBeVisible();
  }
  const message = await page.locator(".failed p").first().innerText();
  expect(message.slice(0, 1)).toBe(message.slice(0, 1).toUpperCase());
});

test("a list is grouped by day, says nothing of no time, and its filter can be cleared", async ({ home, page }) => {
  await home.open();
  const api = new Api(page.request);
  const id = await api.start("fails", { code: 0 });
  await api.untilEnded(id);
  await page.goto("/tasks");
  await expect(page.locator(".rows .day")).toHaveText([/^\d{1,2} [A-Z][a-z]+ \d{4}$/]);
  await expect(page.locator(".rows")).not.toContainText("took 0 s");
  await expect(page.getByRole("link", { name: "Clear" })).toHaveCount(0);
  await page.goto("/tasks?status=completed");
  await page.getByRole("link", { name: "Clear" }).click();
  await expect(page).toHaveURL(/\/tasks$/);
});

test("the bar of a batch of which some failed is not that of a success", async ({ home, page }) => {
  await home.open();
  const answer = await page.request.post("/api/v1/batches", { data: { kind: "fails", inputs: [{ code: 0 }, { code: 3 }] } });
  expect(answer.ok(), await answer.text()).toBe(true);
  const { id } = (await answer.json()) as { id: string };
  await page.goto(`/batches/${id}`);
  await expect(page.getByText("2 of 2 have ended")).toBeVisible();
  await expect(page.locator(".whole")).toHaveClass(/faulty/);
  const [bar, bad] = await page.locator(".whole progress").evaluate((bar) => {
    const probe = document.createElement("i");
    probe.style.color = "var(--bad)";
    document.body.append(probe);
    return [getComputedStyle(bar).color, getComputedStyle(probe).color];
  });
  expect(bar).toBe(bad);
});
