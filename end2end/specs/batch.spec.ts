/** Tasks that are started together, and those of them that failed once more; with and without a script. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expectAccessible } from "../fixtures/axe.ts";
import { expect, test } from "../fixtures/test.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "milepost-batch-"));

writeFileSync(join(FOLDER, "end.sh"), 'while [ "$1" = wait ] && [ ! -e "$2-go" ]; do sleep 0.05; done; [ "$1" = good ]');
writeFileSync(
  join(FOLDER, "milepost.toml"),
  `[commands.end]
title = "End"
argv = ["sh", "{config_dir}/end.sh", "{how}", "{config_dir}/{gate}"]
[commands.end.params.how]
type = "text"
required = true
pattern = "[a-z]+"
says = "Say it in small letters."
[commands.end.params.gate]
type = "text"
default = "gate"
`,
);

test.use({ settings: { MILEPOST_CONFIG: join(FOLDER, "milepost.toml") } });

const RETRY = "Run those that failed again";

test("those of a batch that fail while one looks on can be run again", async ({ page }, info) => {
  const gate = `g${info.workerIndex}-${info.retry}`;
  await page.goto("/start-several/end");
  await page.getByLabel("how").fill("good\nwait");
  await page.getByLabel("gate").fill(gate);
  await page.getByRole("button", { name: "Start all" }).click();
  await page.waitForURL(/\/batches\//);
  await expect(page.getByRole("button", { name: RETRY })).toBeHidden();
  const first = page.url();
  writeFileSync(join(FOLDER, `${gate}-go`), "");
  await expect(page.getByRole("button", { name: RETRY }), "without a reload").toBeVisible({ timeout: 15_000 });
  await expectAccessible(page);
  await page.getByRole("button", { name: RETRY }).dblclick();
  await page.waitForURL((url) => url.href !== first);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("1 × End");
});

test.describe("without a script", () => {
  test.use({ javaScriptEnabled: false });

  test("those of a batch that failed are run again", async ({ page }) => {
    await page.goto("/start-several/end");
    await page.getByLabel("how").fill("good\nbad\nworse");
    await page.getByRole("button", { name: "Start all" }).click();
    const failed = page.getByText("2 of them failed.");
    await expect(async () => {
      await page.reload();
      await expect(failed).toBeVisible({ timeout: 100 });
    }).toPass({ timeout: 15_000 });
    await page.getByRole("button", { name: RETRY }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("2 × End");
  });
});
