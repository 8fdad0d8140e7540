/** A page that stays where it is: what is on the screen does not move while the task runs and when it ends. */

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { Commands, WAIT_FOR } from "../fixtures/commands.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { expect, test } from "../fixtures/test.ts";

/** The sum of all layout shifts of a task's life, at most. */
const MAX_SHIFT = 0.02;

interface Shift {
  value: number;
  /** The elements that moved, for the message. */
  moved: string[];
}

/** Records each layout shift that did not follow an input, from the beginning of each document. */
async function recordShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const shifts: Shift[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput, sources } = entry as unknown as { value: number; hadRecentInput: boolean; sources: { node?: Node; previousRect: DOMRect; currentRect: DOMRect }[] };
        if (hadRecentInput) continue;
        const name = ({ node, previousRect: from, currentRect: to }: (typeof sources)[number]) => {
          const element = node instanceof Element ? node : node?.parentElement;
          return `${element?.nodeName}.${element?.className} ${from.y}+${from.height} → ${to.y}+${to.height}`;
        };
        shifts.push({ value, moved: sources.map(name) });
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}

async function expectCalm(page: Page): Promise<void> {
  // The last frame may not have been reported yet.
  await page.evaluate(async () => await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  const shifts = await page.evaluate(() => (window as unknown as { shifts: Shift[] }).shifts);
  const sum = shifts.reduce((sum, { value }) => sum + value, 0);
  expect(sum, JSON.stringify(shifts, null, 1)).toBeLessThan(MAX_SHIFT);
}

test.use({ viewport: { width: 390, height: 844 } });

test.describe("a story", () => {
  test.use({ pace: "steady" });

  test("moves nothing on a small screen from its start to its end", async ({ page, home, taskPage }) => {
    await home.open();
    const id = await new Api(page.request).start("story", { subject: SUBJECT, player: "Ada" });
    await recordShifts(page);
    await taskPage.open(id);
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    await expectCalm(page);
  });
});

const commands = new Commands(
  `[commands.pack]
title = "Pack"
argv = ["sh", "{config_dir}/pack.sh", "{end}"]
stages = [{ name = "Looking" }, { name = "Packing" }]
set_env = { GATES = "{config_dir}" }
results = ["*"]
[commands.pack.params.end]
type = "text"
required = true
`,
  {
    "pack.sh": `${WAIT_FOR}
say() { printf '%s\\n' "$1" >&"$MILEPOST_PROGRESS_FD"; }
say '{"stage": 1, "progress": 0.2, "message": "a message of quite some length, as programs like to write them"}'
wait_for begin
for n in 1 2 3 4 5 6 7 8 9 10; do echo "line $n of the output"; done
say '{"stage": 2, "progress": 0.6, "message": "short"}'
wait_for "$1"
echo done > file.txt
case "$1" in fail*) echo "the disk is full" >&2; exit 3;; esac
`,
  },
);

test.describe("a command", () => {
  test.use({ settings: commands.settings });

  for (const [end, status] of Object.entries({ done: "Done", fails: "Failed" })) {
    test(`that ends as ${status} moves nothing on a small screen`, async ({ page, home, taskPage }) => {
      await home.open();
      const id = await new Api(page.request).start("pack", { end });
      await recordShifts(page);
      await taskPage.open(id);
      await taskPage.alive();
      commands.open("begin");
      await expect(taskPage.says(/^Step 2 of 2: Packing/)).toBeVisible();
      commands.open(end);
      await expect(taskPage.status(status)).toBeVisible();
      await expectCalm(page);
    });
  }

  test("that is cancelled moves nothing on a small screen", async ({ page, home, taskPage }) => {
    await home.open();
    const api = new Api(page.request);
    const id = await api.start("pack", { end: "never" });
    await recordShifts(page);
    await taskPage.open(id);
    await taskPage.alive();
    await page.request.post(`/api/v1/tasks/${id}/cancel`);
    await expect(taskPage.status("Cancelled")).toBeVisible();
    await expectCalm(page);
  });
});
