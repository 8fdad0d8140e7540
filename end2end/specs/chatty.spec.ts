/** Tasks that say much: the paced policy makes fewer requests than the interval, and the log is no more than 3 s behind. */

import type { Browser, BrowserContext, Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { Commands } from "../fixtures/commands.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";
import { TaskPage } from "../pages/task.ts";

const commands = new Commands(
  `[commands.count]
title = "Count"
argv = ["sh", "{config_dir}/count.sh"]
`,
  { "count.sh": "n=0; while [ $n -lt 40 ]; do n=$((n + 1)); echo \"$n of 60\"; sleep 1; done\n" },
);

test.use({ settings: { ...commands.settings, MILEPOST_STORY_WORDS_PER_SECOND: "120" } });

/** A session of its own that follows one task, and the calls of its page. */
interface Follower {
  context: BrowserContext;
  taskPage: TaskPage;
  id: string;
  calls: string[];
}

async function follow(browser: Browser, url: string, policy: "Paced" | "Interval", start: (api: Api) => Promise<string>): Promise<Follower> {
  const context = await browser.newContext({ baseURL: url });
  const page = await context.newPage();
  await page.goto("/");
  const taskPage = new TaskPage(page);
  const calls: string[] = [];
  const id = await start(new Api(page.request));
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) calls.push(pathname.slice(pathname.lastIndexOf("/") + 1));
  });
  await taskPage.open(id);
  await expect(page.locator("details.polls fieldset")).toBeEnabled({ timeout: 60_000 });
  await taskPage.pollPanel.click();
  await taskPage.policy(policy).check();
  return { context, taskPage, id, calls };
}

/** Milliseconds between the writing of a line and its appearance, as the page has seen it: the longest. */
async function recordLag(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = { lag: 0, lines: 0 };
    Object.assign(window, { seen });
    const look = (nodes: NodeList) => {
      const now = new Date();
      for (const node of nodes) {
        const at = (node as Element).querySelector?.("time")?.textContent;
        if (at === undefined || at === null) continue;
        const [h = 0, m = 0, s = 0] = at.split(":").map(Number);
        // The page shows whole seconds: the line is up to a second younger than it says.
        const of = now.getUTCHours() * 3600 + now.getUTCMinutes() * 60 + now.getUTCSeconds() + now.getUTCMilliseconds() / 1000;
        seen.lag = Math.max(seen.lag, (of - (h * 3600 + m * 60 + s) + 86_400) % 86_400);
        seen.lines += 1;
      }
    };
    const log = document.getElementById("log");
    if (log !== null) new MutationObserver((changes) => changes.forEach((change) => look(change.addedNodes))).observe(log, { childList: true });
  });
}

const KINDS: Record<string, (api: Api) => Promise<string>> = {
  "a story of 21 s": async (api) => await api.start("story", { subject: SUBJECT, player: "Ada" }),
  "a command that counts each second": async (api) => await api.start("count", {}),
};

for (const [name, start] of Object.entries(KINDS)) {
  test(`${name} costs fewer requests when paced than at an interval`, async ({ browser, server }) => {
    const [paced, interval] = await Promise.all([follow(browser, server.url, "Paced", start), follow(browser, server.url, "Interval", start)]);
    await recordLag(paced.taskPage.page);
    await Promise.all([paced, interval].map(async ({ taskPage }) => await expect(taskPage.status("Done")).toBeVisible({ timeout: 90_000 })));
    const count = (calls: string[]) => [...new Set(calls)].map((call) => `${call} ${calls.filter((other) => other === call).length}`).join(", ");
    const seen = await paced.taskPage.page.evaluate(() => (window as unknown as { seen: { lag: number; lines: number } }).seen);
    console.log(`${name}: paced ${count(paced.calls)}; interval ${count(interval.calls)}; ${seen.lines} lines, the latest ${seen.lag.toFixed(2)} s after its second began`);
    expect(paced.calls.length).toBeLessThan(interval.calls.length);
    expect([...new Set([...paced.calls, ...interval.calls])], "the log comes with the status").toEqual(["task_status"]);
    expect(seen.lines).toBeGreaterThan(0);
    // 3 s, one because the times on the page are whole seconds, and one for a busy machine.
    expect(seen.lag).toBeLessThan(5);
    await Promise.all([paced, interval].map(async ({ context }) => await context.close()));
  });
}
