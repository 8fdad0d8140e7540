/** The example: one component that starts a task, follows it, and lets go of everything when it is unmounted. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { type Page, test as base, expect } from "@playwright/test";

import { EXAMPLE_BINARY, EXAMPLE_SITE, ROOT } from "../fixtures/paths.ts";

const test = base.extend<{ words: string; app: string; calls: string[] }>({
  /** Words a second: a story of 10 does not end before its test does something about it. */
  words: ["4000", { option: true }],

  app: async ({ words }, use) => {
    const folder = mkdtempSync(join(tmpdir(), "story-generator-"));
    mkdirSync(join(folder, "output"));
    cpSync(join(ROOT, "output", "lighthouse"), join(folder, "output", "lighthouse"), { recursive: true });
    const env = { ...process.env, LEPTOS_SITE_ADDR: "127.0.0.1:0", LEPTOS_SITE_ROOT: EXAMPLE_SITE, WORDS_PER_SECOND: words };
    const server: ChildProcess = spawn(EXAMPLE_BINARY, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    if (server.stdout === null) throw new Error("the example has no output");
    const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
    await use(line);
    const end = once(server, "exit");
    server.kill("SIGKILL");
    await end;
    rmSync(folder, { recursive: true, force: true });
  },
  baseURL: async ({ app }, use) => await use(app),

  /** The names of the server functions that were called. */
  calls: async ({ page }, use) => {
    const calls: string[] = [];
    page.on("request", (request) => {
      const path = new URL(request.url()).pathname;
      if (path.startsWith("/api/fn/")) calls.push(path.slice("/api/fn/".length));
    });
    await use(calls);
  },
});

/** Opens the page and waits until its script listens. */
async function open(page: Page, path = "/"): Promise<void> {
  await page.addInitScript(countTimers);
  await page.goto(path);
  // The script listens once it shows what belongs to a choice.
  await page.getByText("Polling").click();
  await expect(async () => {
    await page.getByLabel("Policy").selectOption("interval");
    await expect(page.getByLabel("Every")).toBeVisible({ timeout: 100 });
  }).toPass();
  await page.getByLabel("Policy").selectOption("paced");
}

/** Counts what is waited for: the timers of the page that neither fired nor were cleared. */
function countTimers(): void {
  const open = new Set<number>();
  const { setTimeout: set, clearTimeout: clear } = window;
  window.setTimeout = ((call: () => void, ms?: number) => {
    const id = set(() => {
      open.delete(id);
      call();
    }, ms);
    open.add(id);
    return id;
  }) as typeof window.setTimeout;
  window.clearTimeout = ((id?: number) => {
    if (id !== undefined) open.delete(id);
    clear(id);
  }) as typeof window.clearTimeout;
  Object.defineProperty(window, "timers", { get: () => open.size });
}

const timers = (page: Page) => page.evaluate(() => (window as unknown as { timers: number }).timers);

async function start(page: Page): Promise<void> {
  await page.getByLabel("Player").fill("Ada");
  await page.getByRole("button", { name: "Start" }).click();
}

test("a story is started once, followed to its end, and shown; then another can be started", async ({ page, calls }) => {
  await open(page);
  await page.getByLabel("Player").fill("Ada");
  await page.getByRole("button", { name: "Start" }).dblclick();
  await expect(page.getByRole("progressbar")).toBeAttached();
  await expect(page.locator("pre.result")).toContainText("Ada");
  await expect(page.locator(".pct")).toHaveText("100 %");
  await expect(page.locator("#done")).toContainText("has ended");
  expect(calls.filter((name) => name === "run_task")).toHaveLength(1);

  await page.getByRole("button", { name: "Run again" }).click();
  await expect.poll(() => calls.filter((name) => name === "run_task").length).toBe(2);
  await expect(page.locator(".pct")).toHaveText("100 %");
});

test("what is missing is said at the form, and nothing is followed", async ({ page, calls }) => {
  await open(page);
  await page.getByLabel("Subject").fill("nowhere");
  await start(page);
  await expect(page.getByRole("alert")).toContainText("Research file not found");
  await expect(page.getByRole("button", { name: "Start" })).toBeVisible();
  expect(calls).toEqual(["run_task"]);
});

test("in an island a story is started once, followed to its end, and shown", async ({ page, calls }) => {
  await open(page, "/island");
  await expect(page.locator("leptos-island form")).toHaveCount(1);
  await page.getByLabel("Player").fill("Ada");
  await page.getByRole("button", { name: "Start" }).dblclick();
  await expect(page.getByRole("progressbar")).toBeAttached();
  await expect(page.locator("pre.result")).toContainText("Ada");
  await expect(page.locator(".pct")).toHaveText("100 %");
  await expect(page.locator("#done")).toContainText("has ended");
  expect(calls.filter((name) => name === "run_task")).toHaveLength(1);

  await page.getByLabel("Subject").fill("nowhere");
  await page.getByRole("button", { name: "Run again" }).click();
  await expect(page.getByRole("alert")).toContainText("Research file not found");
});

test.describe("of a long story", () => {
  test.use({ words: "10" });

  test("the progress is shown and cancel stops it", async ({ page }) => {
    await open(page);
    await start(page);
    await expect(page.locator(".step")).toContainText("Writing");
    await page.getByRole("button", { name: "Cancel the task" }).click();
    await expect(page.locator(".badge")).toContainText("Cancelled");
    await expect(page.getByRole("button", { name: "Run again" })).toBeVisible();
  });

  test("an island shows the progress, and its cancel stops the task", async ({ page, calls }) => {
    await open(page, "/island");
    await start(page);
    await expect(page.locator(".step")).toContainText("Writing");
    await expect.poll(() => calls.filter((name) => name === "task_status").length).toBeGreaterThan(1);
    await page.getByRole("button", { name: "Cancel the task" }).click();
    await expect(page.locator(".badge")).toContainText("Cancelled");
    await expect(page.getByRole("button", { name: "Run again" })).toBeVisible();
    // Nothing is left to follow.
    const made = calls.length;
    await page.clock.install();
    await page.clock.runFor(120_000);
    expect(calls).toHaveLength(made);
  });

  for (const policy of ["paced", "interval", "adaptive", "backoff"]) {
    test(`nothing is asked and no timer runs once it is unmounted, with ${policy}`, async ({ page, calls }) => {
      const open_requests = new Set<unknown>();
      page.on("request", (request) => open_requests.add(request));
      page.on("requestfinished", (request) => open_requests.delete(request));
      page.on("requestfailed", (request) => open_requests.delete(request));
      await open(page);
      await page.getByLabel("Policy").selectOption(policy);
      if (policy === "interval") await page.getByLabel("Every").fill("500");
      await start(page);
      await expect(page.locator(".step")).toContainText("Writing");
      await expect.poll(() => calls.filter((name) => name === "task_status").length).toBeGreaterThan(1);

      await page.getByRole("link", { name: "About" }).click();
      await expect(page.getByRole("heading", { name: "About" })).toBeVisible();
      await expect.poll(() => open_requests.size).toBe(0);
      // Without a timer and a request nothing can ask any more.
      await expect.poll(() => timers(page)).toBe(0);
      const made = calls.length;
      await page.clock.install();
      await page.clock.runFor(120_000);
      expect(calls).toHaveLength(made);
    });
  }

  test("without a script the form starts it, its page shows it, and cancel is a form", async ({ browser, app }) => {
    const context = await browser.newContext({ javaScriptEnabled: false, baseURL: app });
    const page = await context.newPage();
    await page.goto("/");
    await start(page);
    await expect(page).toHaveURL(/\?task=/);
    await expect(page.locator(".badge")).toContainText(/Waiting|Running/);
    await page.getByRole("button", { name: "Cancel the task" }).click();
    await page.reload();
    await expect(page.locator(".badge")).toContainText(/Cancel/);

    await page.goto("/");
    await page.getByLabel("Subject").fill("nowhere");
    await start(page);
    await expect(page.getByRole("alert")).toContainText("Research file not found");
    await context.close();
  });
});
