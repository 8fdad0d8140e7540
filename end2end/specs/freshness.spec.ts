/** No news has four causes, and each has words of its own: the task, its worker, the server, this tab. */

import { Api } from "../fixtures/api.ts";
import { Commands, WAIT_FOR } from "../fixtures/commands.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { NO_CONNECTION, expect, test } from "../fixtures/test.ts";
import type { TaskPage } from "../pages/task.ts";

const ONE_HOUR = 3_600_000;
/** A task or a worker is still for 30 s before it is told, and a request is held for up to 20. */
const STILL = { timeout: 75_000 };

const WORDS = {
  silent: /^Running, no news for \d+ (s|min)/,
  lost: /^Worker lost, last heartbeat \d+ (s|min)/,
  unreachable: /^Reconnecting: no news from the server/,
  woken: /^This tab was suspended/,
} as const;

type Cause = keyof typeof WORDS;

/** Expects that the page tells this cause, and none of the others. */
async function expectCause(taskPage: TaskPage, cause: Cause | undefined, patience = {}): Promise<void> {
  if (cause !== undefined) await expect(taskPage.says(WORDS[cause])).toBeVisible(patience);
  for (const other of (Object.keys(WORDS) as Cause[]).filter((other) => other !== cause)) {
    await expect(taskPage.says(WORDS[other]), other).toBeHidden();
  }
}

test.describe("a task that says nothing", () => {
  const commands = new Commands(
    `[commands.quiet]
title = "Quiet"
argv = ["sh", "{config_dir}/quiet.sh", "{gate}"]
set_env = { GATES = "{folder}" }
[commands.quiet.params.gate]
type = "text"
required = true
`,
    { "quiet.sh": `${WAIT_FOR}echo begun\nwait_for "$1"\necho done\n` },
  );
  test.use({ settings: commands.settings });

  test("is working, with no news for so long; also where there is no script", async ({ home, taskPage, page, browser, context, server }) => {
    test.setTimeout(150_000);
    const gate = commands.gate();
    await home.open();
    const id = await new Api(page.request).start("quiet", { gate });
    await taskPage.open(id);
    await expectCause(taskPage, undefined);
    await expectCause(taskPage, "silent", STILL);
    await expect(taskPage.status("Running")).toBeVisible();

    const plain = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false, storageState: await context.storageState() });
    await plain.newPage().then(async (page) => {
      await page.goto(`/tasks/${id}`);
      await expect(page.getByRole("main").getByText(WORDS.silent)).toBeVisible();
    });
    await plain.close();

    commands.open(gate);
    await expect(taskPage.status("Done")).toBeVisible();
    await expectCause(taskPage, undefined);
  });
});

test.describe("a worker that was killed", () => {
  test.use({ database: "postgres", pace: "slow" });

  test("is lost; another takes the task over, and the page says that", async ({ startPage, taskPage, page, server }) => {
    test.setTimeout(150_000);
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    const id = await taskPage.arrived();
    await taskPage.passed(1);
    await server.killWorkers();
    await expectCause(taskPage, "lost", STILL);
    expect((await new Api(page.request).task(id)).status).toBe("running");

    await server.startWorkers();
    await expect(page.locator("#resumed")).toContainText("The worker was lost. Resumed");
    await expectCause(taskPage, undefined);
    await taskPage.cancel.click();
    await expect(taskPage.status("Cancelled")).toBeVisible();
  });
});

test.describe("a server that is gone", () => {
  test.use({ pace: "slow", expectedErrors: NO_CONNECTION });

  test("is reconnected to", async ({ startPage, taskPage, server }) => {
    await startPage.open("story");
    await startPage.startStory(SUBJECT, "Ada");
    await taskPage.arrived();
    await taskPage.passed(1);
    await server.kill();
    await expectCause(taskPage, "unreachable");
    await server.start();
    await expect(taskPage.says(WORDS.unreachable)).toBeHidden();
  });
});

test.describe("a tab that slept", () => {
  test.use({ pace: "slow" });

  test("catches up, and says so until it has", async ({ home, taskPage, page, polls }) => {
    await page.clock.install();
    await home.open();
    await taskPage.open(await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" }));
    await taskPage.alive();
    await expect.poll(() => polls.made).toBeGreaterThan(0);
    // The answer waits until the page has been seen without it.
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await page.route("**/api/fn/task_status", async (route) => {
      await released;
      await route.continue();
    });
    await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1_000);
    await page.clock.fastForward(ONE_HOUR);
    await expectCause(taskPage, "woken");
    release();
    await page.clock.resume();
    await expectCause(taskPage, undefined);
  });
});
