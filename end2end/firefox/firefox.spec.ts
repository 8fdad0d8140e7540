/** The task page, the forms and the lists in Firefox. */

import { writeFile } from "node:fs/promises";

import type { ElementHandle, Page } from "puppeteer-core";

import { FirefoxPolls, expect, test } from "../fixtures/firefox.ts";
import { SUBJECT } from "../fixtures/server.ts";

const CANCEL = "main form[action$='/cancel'] button";
const TASK_PATH = /\/tasks\/[0-9a-f-]{36}$/;

/** Starts a story by its form; the address of its page. */
async function startStory(page: Page, server: string): Promise<string> {
  await page.goto(`${server}/start/story`);
  await page.type("[name=subject]", SUBJECT);
  await page.type("[name=player]", "Ada");
  return await submit(page);
}

/** Sends the form of the page; the address of the task's page that it leads to. */
async function submit(page: Page): Promise<string> {
  await press(page, "main form.start button");
  await expect.poll(() => page.url(), { timeout: 60_000 }).toMatch(TASK_PATH);
  return page.url();
}

/** Presses a button by the keyboard: Puppeteer's click waits for an observer that does not run where scripts are off. */
async function press(page: Page, selector: string): Promise<void> {
  const button = await page.$(selector);
  if (button === null) throw new Error(`no ${selector} on ${page.url()}`);
  await button.press("Enter");
}

/** Waits until the page shows `status`. */
async function shows(page: Page, status: string): Promise<void> {
  await expect.poll(async () => await text(page, "main [data-status]"), { timeout: 60_000 }).toContain(status);
}

async function text(page: Page, selector: string): Promise<string> {
  return await page.evaluate((selector) => document.querySelector(selector)?.textContent ?? "", selector);
}

async function openResult(page: Page): Promise<void> {
  const href = await page.evaluate(() => [...document.querySelectorAll<HTMLAnchorElement>("main a")].find((link) => link.textContent === "Open the result")?.href);
  if (href === undefined) throw new Error(`no result on ${page.url()}`);
  await page.goto(href);
}

async function percent(page: Page): Promise<number> {
  return await page.evaluate(() => document.querySelector<HTMLProgressElement>("main progress")?.value ?? 0);
}

/** Waits until the page's script follows the task. */
async function alive(page: Page): Promise<void> {
  const icon = async () => await page.evaluate(() => document.querySelector("link[rel=icon]")?.getAttribute("href") ?? "");
  await expect.poll(icon, { timeout: 60_000 }).toMatch(/^data:/);
}

/** Waits until the bar has passed `from`. */
async function passed(page: Page, from: number): Promise<void> {
  await expect.poll(async () => await percent(page), { timeout: 60_000 }).toBeGreaterThan(from);
}

test("a story is started, followed and read", async ({ firefox, server }) => {
  const page = await firefox.newPage();
  await startStory(page, server.url);
  await shows(page, "Done");
  await openResult(page);
  expect(await text(page, "main")).toContain("Ada");
});

test.describe("a story that takes long", () => {
  test.use({ pace: "slow" });

  // A tab behind another is hidden, truly: Firefox says so to its page.
  test("of two tabs the one that is seen asks, and a cancel there is seen in the other", async ({ firefox, server }) => {
    const first = await firefox.newPage();
    const asked = new FirefoxPolls(first);
    const task = await startStory(first, server.url);
    await alive(first);
    await expect.poll(() => asked.made).toBeGreaterThan(0);

    const second = await firefox.newPage();
    const askedBySecond = new FirefoxPolls(second);
    await second.goto(task);
    await alive(second);
    await expect.poll(() => askedBySecond.made, { timeout: 60_000 }).toBeGreaterThan(0);
    const askedBefore = asked.made;
    await passed(second, await percent(second));
    await press(second, CANCEL);
    await shows(second, "Cancelled");
    expect(asked.made, "the hidden one asks no more").toBe(askedBefore);

    await first.bringToFront();
    await shows(first, "Cancelled");
  });

  // Firefox keeps no page that waits for an answer or holds a lock: this one is loaded again.
  test("Back leads to a page that goes on", async ({ firefox, server }) => {
    const page = await firefox.newPage();
    const task = await startStory(page, server.url);
    await alive(page);
    await page.goto(`${server.url}/tasks`);
    await page.evaluate(() => history.back());
    await expect.poll(() => page.url()).toBe(task);
    await alive(page);
    await passed(page, await percent(page));
    await press(page, CANCEL);
    await shows(page, "Cancelled");

    await page.evaluate(() => addEventListener("pageshow", (event) => Object.assign(window, { wasKept: event.persisted })));
    await page.goto(`${server.url}/tasks`);
    await page.evaluate(() => history.back());
    const wasKept = async () => await page.evaluate(() => (window as unknown as { wasKept?: boolean }).wasKept);
    await expect.poll(wasKept, "a page that polls no more comes out of the back-forward cache").toBe(true);
    expect(await text(page, "main [data-status]")).toContain("Cancelled");
  });

  test.describe("without scripts", () => {
    test.use({ scripts: false });

    test("is cancelled by its form, and the page refreshes itself", async ({ firefox, server }) => {
      const page = await firefox.newPage();
      await startStory(page, server.url);
      await passed(page, 1);
      await press(page, CANCEL);
      await shows(page, "Cancelled");
    });
  });
});

for (const scripts of [true, false]) {
  test.describe(scripts ? "a file, by the page's script" : "a file, by the form alone", () => {
    test.use({ scripts });

    test("is uploaded and profiled", async ({ firefox, server }, info) => {
      const file = info.outputPath("harbour.csv");
      await writeFile(file, "harbour,boats\n" + "Ost,1\nWest,2\n".repeat(30_000));
      const page = await firefox.newPage();
      await page.goto(`${server.url}/start/dataset`);
      const input = await page.$("input[type=file]");
      if (input === null) throw new Error("the form has no file");
      await (input as ElementHandle<HTMLInputElement>).uploadFile(file);
      await submit(page);
      await shows(page, "Done");
      await openResult(page);
      expect(await text(page, "main")).toContain("harbour.csv");
    });
  });
}
