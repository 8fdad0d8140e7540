/** A task that has ended is run again, as it was or changed; a form is filled in by a link. */

import { Api } from "../fixtures/api.ts";
import { Commands, WHISPER } from "../fixtures/commands.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const HOSTILE = `"><script>document.title='caught'</script>`;

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a task is run again with the same input, as another task", async ({ home, taskPage, page }) => {
      await home.open();
      const api = new Api(page.request);
      const first = await api.start("story", { subject: SUBJECT, player: "Ada" });
      await api.untilEnded(first);
      await taskPage.open(first);
      await page.getByRole("button", { name: "Run again" }).click();
      await page.waitForURL((url) => /\/tasks\/[0-9a-f-]{36}$/.test(url.pathname) && !url.pathname.includes(first));
      const second = await taskPage.arrived();
      await expect(taskPage.heading).toHaveText(`Story: ${SUBJECT}, for Ada`);
      await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
      expect((await api.list()).map(({ id }) => id)).toEqual([second, first]);
    });

    test("a task is run again with an input that was changed", async ({ home, startPage, taskPage, page }) => {
      await home.open();
      const api = new Api(page.request);
      const first = await api.start("story", { subject: SUBJECT, player: "Ada" });
      await api.untilEnded(first);
      await taskPage.open(first);
      await page.getByRole("link", { name: "Edit and run again" }).click();
      await expect(startPage.field(/subject/i)).toHaveValue(SUBJECT);
      await expect(startPage.field(/player/i)).toHaveValue("Ada");
      await startPage.field(/player/i).fill("Ben");
      await startPage.submit.click();
      await page.waitForURL(/\/tasks\//);
      await expect(taskPage.heading).toHaveText(`Story: ${SUBJECT}, for Ben`);
      await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
      expect(await api.list()).toHaveLength(2);
    });

    test("a link fills the form in, and what it says is text", async ({ startPage, taskPage, page }) => {
      await page.goto(`/start/story?subject=${SUBJECT}&player=${encodeURIComponent(HOSTILE)}&nothing=x&_key=theirs`);
      await expect(startPage.field(/subject/i)).toHaveValue(SUBJECT);
      await expect(startPage.field(/player/i)).toHaveValue(HOSTILE);
      await expect(page.locator("main script:not([type=\"application/json\"])")).toHaveCount(0);
      await expect(page.locator("input[name=_key]")).not.toHaveValue("theirs");
      await startPage.field(/player/i).fill("Ada");
      await startPage.submit.click();
      await taskPage.arrived();
      await expect(page).not.toHaveTitle(/caught/);
    });

    test("the form offers what was started last", async ({ home, startPage, page }) => {
      await home.open();
      await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
      await startPage.open("story");
      await page.getByRole("link", { name: "Fill in what you started last" }).click();
      await expect(startPage.field(/player/i)).toHaveValue("Ada");
    });
  });
}

test.describe("while it runs", () => {
  test.use({ pace: "steady" });

  test("a task is not run again; once it was cancelled it is continued, without a reload", async ({ home, taskPage, page }) => {
    await home.open();
    const first = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
    await taskPage.open(first);
    const acts = page.locator("#more-acts");
    const log = page.getByRole("group", { name: "Lines of the log" });
    await expect(log).toContainText(/in \d+ chapters\./, { timeout: 30_000 });
    await expect(acts.getByRole("button").first()).toBeHidden();
    await taskPage.cancel.click();
    await expect(acts.getByRole("link", { name: "Edit and run from the start" })).toBeVisible();
    await acts.getByRole("button", { name: "Continue where it stopped" }).click();
    await page.waitForURL((url) => url.pathname.startsWith("/tasks/") && !url.pathname.includes(first));
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    await expect(log).toContainText("sentences");
    await expect(log).not.toContainText(/in \d+ chapters\./);
  });
});

test.describe("somebody else's task", () => {
  test.use({ expectedErrors: answered(404) });

  test("fills in no form", async ({ home, page, browser, server }) => {
    await home.open();
    const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
    const stranger = await browser.newContext({ baseURL: server.url });
    const other = await stranger.newPage();
    await other.goto("/");
    expect((await other.goto(`/start/story?from=${id}`))?.status()).toBe(404);
    await expect(other.getByRole("main")).not.toContainText("Ada");
    await stranger.close();
  });
});

test.describe("a secret", () => {
  const commands = new Commands(WHISPER);
  test.use({ settings: commands.settings });

  test("comes neither from a link nor from an earlier task", async ({ startPage, taskPage, page }) => {
    await page.goto("/start/whisper?token=from-the-link&word=hello");
    await expect(startPage.field("Token")).toHaveValue("");
    await expect(startPage.field("Token")).toHaveAttribute("type", "password");
    await expect(startPage.field(/^word/i)).toHaveValue("hello");
    await startPage.field("Token").fill("open-sesame");
    await startPage.submit.click();
    await taskPage.arrived();
    await expect(taskPage.status("Done")).toBeVisible();
    expect(await page.content()).not.toContain("open-sesame");
    await page.getByRole("link", { name: "Edit and run again" }).click();
    await expect(startPage.field(/^word/i)).toHaveValue("hello");
    await expect(startPage.field("Token")).toHaveValue("");
    expect(await page.content()).not.toContain("open-sesame");
  });
});
