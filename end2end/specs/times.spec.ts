/** Times: in the zone of the reader with a script, in UTC without. */

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

const STORY = { subject: SUBJECT, player: "Ada" };

/** A zone that is never on UTC, and whose offset has minutes. */
test.use({ timezoneId: "Asia/Kathmandu", locale: "en-GB" });

test("times are local with a script, and name their zone on hover", async ({ home, page, taskPage }) => {
  await home.open();
  const api = new Api(page.request);
  const id = await api.start("story", STORY);
  const { finished_at: finishedAt } = (await api.untilEnded(id)) as unknown as { finished_at: string };
  await taskPage.open(id);
  const ended = page.locator(".facts time").last();
  await expect(ended).toHaveAttribute("datetime", finishedAt);
  const words = await page.evaluate((at) => new Date(at).toLocaleTimeString("en-GB"), finishedAt);
  await expect(ended).toHaveText(words);
  await expect(ended).toHaveAttribute("title", /Nepal/);
  const utc = finishedAt.slice(11, 19);
  expect(words).not.toBe(utc);
  // Lines of the log have the time of their own.
  const line = page.locator(".log time").last();
  const at = (await line.getAttribute("datetime")) ?? "";
  await expect(line).toHaveText(await page.evaluate((at) => new Date(at).toLocaleTimeString("en-GB"), at));
  // Words that are no time of day stay.
  await expect(page.locator(".keep time")).toHaveText(/^\d+ \w+ \d{4}, \d+ days from now$/);
  await page.goto("/tasks");
  await expect(page.locator(".rows time").first()).toHaveText(words);
});

test("a task that ends while the page is open has its time in the reader's zone", async ({ home, page, taskPage }) => {
  await home.open();
  const id = await new Api(page.request).start("story", STORY);
  await taskPage.open(id);
  await expect(taskPage.status("Done")).toBeVisible();
  const ended = page.locator(".facts time").last();
  const at = (await ended.getAttribute("datetime")) ?? "";
  await expect(ended).toHaveText(await page.evaluate((at) => new Date(at).toLocaleTimeString("en-GB"), at));
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("times are in UTC and say so", async ({ home, page, taskPage }) => {
    await home.open();
    const api = new Api(page.request);
    const id = await api.start("story", STORY);
    await api.untilEnded(id);
    await taskPage.open(id);
    await expect(page.locator(".facts time").last()).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  });
});
