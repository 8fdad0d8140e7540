/** The log of a command: followed, harmless, left alone where somebody reads, and a file. */

import { readFileSync } from "node:fs";

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { expectAccessible } from "../fixtures/axe.ts";
import { Commands, WAIT_FOR } from "../fixtures/commands.ts";
import { expect, test } from "../fixtures/test.ts";

/** Says hostile things, waits, says 300 lines, waits, says a last one. */
const SCRIPT = String.raw`
${WAIT_FOR}
printf '\033[31mred words\033[0m and <img src=x onerror="document.title=1"><script>document.title=1</script>\n'
printf '\033]0;title\007\033[2J\033[?25lquiet\n'
printf '10%%\r20%%\r30%% done\n'
echo 'to the standard error' >&2
wait_for "$1-more"
n=0; while [ $n -lt 300 ]; do n=$((n + 1)); echo "line $n"; done
wait_for "$1-end"
echo 'the last line'
`;

const commands = new Commands(
  `[commands.talk]
title = "Talk"
argv = ["sh", "{config_dir}/talk.sh", "{gate}"]
set_env = { GATES = "{folder}" }
[commands.talk.params.gate]
type = "text"
required = true
`,
  { "talk.sh": SCRIPT },
);

test.use({ settings: commands.settings });

/** Lets a command go on. */
const open = (gate: string, which: "more" | "end") => commands.open(`${gate}-${which}`);

/** A task that has said all of it. */
async function ended(page: Page): Promise<string> {
  const gate = commands.gate();
  open(gate, "more");
  open(gate, "end");
  const api = new Api(page.request);
  const id = await api.start("talk", { gate });
  await api.untilEnded(id);
  return id;
}

test("a log is followed, in colour, and nothing in it is obeyed", async ({ page, taskPage, home, polls }) => {
  const gate = commands.gate();
  await home.open();
  const id = await new Api(page.request).start("talk", { gate });
  await taskPage.open(id);
  const log = page.getByRole("group", { name: "Lines of the log" });
  await expect(log).toContainText("red words and <img src=x onerror=", { timeout: 15_000 });
  await expect(log.locator("img, script")).toHaveCount(0);
  await expect(log.getByText("red words", { exact: true })).toHaveClass("a1");
  const red = await log.getByText("red words", { exact: true }).evaluate((element) => getComputedStyle(element).color);
  expect(red).not.toBe(await log.evaluate((element) => getComputedStyle(element).color));
  await expect(log).toContainText("quiet");
  await expect(log).toContainText("30% done");
  await expect(log).not.toContainText("20%");
  await expect(log.locator("> span").filter({ hasText: "to the standard error" })).toContainText("err");
  await expect(page).not.toHaveTitle("1");
  // It has no bar whose percent the icon could show: once it asks, it follows by itself.
  await expect.poll(() => polls.made, { timeout: 60_000 }).toBeGreaterThan(0);

  open(gate, "more");
  await expect(log, "without a reload, and while the task runs").toContainText("line 300", { timeout: 15_000 });
  expect((await new Api(page.request).task(id)).status).toBe("running");
  const atEnd = () => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 10);
  expect(await atEnd(), "who reads at the end goes on there").toBe(true);

  await log.evaluate((element) => (element.scrollTop = 20));
  open(gate, "end");
  await expect(taskPage.status("Done")).toBeVisible();
  await expect(log).toContainText("the last line");
  expect(await log.evaluate((element) => element.scrollTop), "who has scrolled up is left there").toBeLessThan(200);
  const numbers = await log.evaluate((element) => [...element.textContent.matchAll(/line (\d+)\n/g)].map((match) => Number(match[1])));
  expect(numbers).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
  await expectAccessible(page);
});

test("a log is downloaded as a text file without escape sequences", async ({ page, taskPage, home }) => {
  await home.open();
  const id = await ended(page);
  await taskPage.open(id);
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download the log" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe(`${id}.log`);
  const text = readFileSync(await download.path(), "utf8");
  expect(text).toContain('stdout  red words and <img src=x onerror="document.title=1">');
  expect(text).toContain("stderr  to the standard error\n");
  expect(text).toContain("stdout  line 300\n");
  expect(text.trimEnd().split("\n").every((line) => /^\d{4}-\d\d-\d\dT[\d:.]+Z (stdout|stderr|task {2}) {2}/.test(line))).toBe(true);
  expect(text).not.toContain("\u001b");
});

test("what is looked for in a log is marked, and followed", async ({ page, taskPage, home }) => {
  const gate = commands.gate();
  await home.open();
  const id = await new Api(page.request).start("talk", { gate });
  await taskPage.open(id);
  await page.getByRole("searchbox", { name: "Find in the log" }).fill("LINE 2");
  await page.getByRole("button", { name: "Find", exact: true }).click();
  const log = page.getByRole("group", { name: "Lines of the log" });
  await expect(log).toContainText("No line contains this so far");
  await expect(page.getByRole("searchbox")).toHaveValue("LINE 2");
  open(gate, "more");
  await expect(log, "without a reload").toContainText("line 299", { timeout: 30_000 });
  await expect(log.locator("mark").first()).toHaveText("line 2");
  await expect(log).not.toContainText("line 300");
  open(gate, "end");
  await expect(taskPage.status("Done")).toBeVisible();
  await expect(log).not.toContainText("the last line");
  await expectAccessible(page);
  await page.getByRole("link", { name: "All lines" }).click();
  await expect(log).toContainText("the last line");
});

test.describe("without a script", () => {
  test.use({ javaScriptEnabled: false });

  test("a log is searched without a page that loads itself again under the hands", async ({ page, taskPage, home }) => {
    const gate = commands.gate();
    open(gate, "more");
    await home.open();
    const api = new Api(page.request);
    const id = await api.start("talk", { gate });
    await taskPage.open(id);
    const log = page.getByRole("group", { name: "Lines of the log" });
    await expect(log).toContainText("line 300", { timeout: 15_000 });
    await page.getByRole("link", { name: "Find in the log" }).click();
    expect(await page.content()).not.toMatch(/http-equiv="?refresh/i);
    await page.getByRole("searchbox", { name: "Find in the log" }).fill("<img");
    await page.getByRole("button", { name: "Find", exact: true }).click();
    await expect(log.locator("mark")).toHaveText(["<img"]);
    await expect(log).not.toContainText("line 300");
    await expect(log.locator("img, script")).toHaveCount(0);
    open(gate, "end");
    await api.untilEnded(id);
  });

  test("the log is on the page", async ({ page, taskPage, home }) => {
    await home.open();
    const id = await ended(page);
    await taskPage.open(id);
    const log = page.getByRole("group", { name: "Lines of the log" });
    await expect(log).toContainText("the last line");
    await expect(log.locator("img, script")).toHaveCount(0);
  });
});
