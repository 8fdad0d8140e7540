/** The commands of examples/milepost.toml in a browser, and what a cancel leaves of a command: nothing. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { Commands, processesIn } from "../fixtures/commands.ts";
import { ROOT } from "../fixtures/paths.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const files = (page: Page) => page.getByRole("region", { name: "Files" });
const log = (page: Page) => page.getByRole("group", { name: "Lines of the log" });

test.describe("the examples", () => {
  test.use({ settings: { MILEPOST_CONFIG: join(ROOT, "examples", "milepost.toml") }, contextOptions: { reducedMotion: "reduce" } });

  for (const javaScriptEnabled of [true, false]) {
    test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
      test.use({ javaScriptEnabled });

      test("a folder is archived, and the archive is there", async ({ home, startPage, taskPage, page }) => {
        await home.open();
        await home.card("archive").click();
        await startPage.field("Folder").selectOption("/etc/ssl");
        await startPage.field("Compression").selectOption("best");
        await startPage.field("List the files").check();
        await startPage.submit.click();
        await taskPage.arrived();
        await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
        await expect(log(page)).toContainText(/\/etc\/ssl has \d+ kB/);
        await expect(log(page)).toContainText("ssl/openssl.cnf");
        await expect(log(page)).toContainText(/ssl\.tar\.gz has \d+ entries and \d+ bytes/);
        // While it ran the page had the way to the files; they are told by the next page.
        await page.reload();
        const downloading = page.waitForEvent("download");
        await files(page).getByRole("link", { name: "Download ssl.tar.gz" }).click();
        const archive = readFileSync(await (await downloading).path());
        expect(archive.subarray(0, 2), "gzip").toEqual(Buffer.from([0x1f, 0x8b]));
      });
    });
  }

  test("a folder is copied", async ({ home, startPage, taskPage, page }) => {
    await home.open();
    await home.card("copy").click();
    await startPage.field("Folder").selectOption("/etc/ssl");
    await startPage.field(/megabytes a second/i).fill("0");
    await startPage.submit.click();
    const id = await taskPage.arrived();
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    await expect(log(page)).toContainText(/copied \d/);
    const result = (await (await page.request.get(`/api/v1/tasks/${id}/result`)).json()) as { exit_code: number };
    expect(result.exit_code).toBe(0);
    await taskPage.openResult.click();
    await expect(page.getByRole("main")).toContainText("Exit code");
    for (const path of [`/tasks/${id}`, `/tasks/${id}/result`, `/tasks/${id}/files`]) {
      await page.goto(path);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await expectAccessible(page);
      }
      await page.setViewportSize({ width: 360, height: 740 });
      await expectNoSidewaysScroll(page);
      await page.setViewportSize({ width: 1280, height: 720 });
    }
  });

  test("duplicate files are found, stage by stage, and their table is read", async ({ home, startPage, taskPage, page }) => {
    await home.open();
    await home.card("duplicates").click();
    await startPage.field("Folder").selectOption("/etc/ssl");
    await startPage.field(/only files that end with/i).fill(".pem\n.crt\n.0");
    await startPage.field(/hidden files/i).check();
    await startPage.submit.click();
    const id = await taskPage.arrived();
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole("list", { name: "Stages" }).getByRole("listitem")).toHaveText(["Looking", "Comparing", "Writing"]);
    await expect(log(page)).toContainText(/\d+ files are there more than once/);
    await page.goto(`/tasks/${id}/files/duplicates.csv`);
    await expect(page.getByRole("columnheader")).toHaveText(["bytes", "sha256", "path"]);
    await expectAccessible(page);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`the forms can be filled in by everybody, ${colorScheme}`, async ({ startPage, page }) => {
      await page.emulateMedia({ colorScheme });
      for (const word of ["archive", "copy", "duplicates"]) {
        await startPage.open(word);
        await expectAccessible(page);
        await page.setViewportSize({ width: 360, height: 740 });
        await expectNoSidewaysScroll(page);
        await page.setViewportSize({ width: 1280, height: 720 });
      }
    });
  }

  test.describe("what is no parameter", () => {
    test.use({ expectedErrors: answered(400) });

    /** Past the browser's own checks: the server has the last word. */
    const unchecked = async (page: Page) => await page.locator("form.start").evaluate((form) => form.setAttribute("novalidate", ""));

    for (const hostile of ["--exclude-from=/etc/passwd", ".gz;id", "$(id)", "`id`", ".gz | sh", "../../etc", ".gz\u0000x"]) {
      test(`${JSON.stringify(hostile)} is refused at its field, and what was entered stays`, async ({ startPage, page }) => {
        await startPage.open("duplicates");
        const endings = startPage.field(/only files that end with/i);
        await endings.evaluate((field, text) => ((field as HTMLTextAreaElement).value = text), `.pem\n${hostile}`);
        await unchecked(page);
        await startPage.submit.click();
        await expect(endings).toHaveAttribute("aria-invalid", "true");
        await expect(endings).toHaveAccessibleDescription(/\S/);
        await expect(endings).toHaveValue(`.pem\n${hostile.replace("\u0000", "\ufffd")}`);
        expect(await new Api(page.request).list()).toEqual([]);
      });
    }

    test("a number out of its range is refused by the browser and by the server in the same words", async ({ startPage, page }) => {
      await startPage.open("copy");
      const field = startPage.field(/megabytes a second/i);
      await field.fill("1001");
      // Before the script is there, a browser says it in its own words.
      await expect(async () => {
        await startPage.submit.click();
        expect(await field.evaluate((field) => (field as HTMLInputElement).validationMessage)).toBe("Please enter 1000 or less.");
      }).toPass();
      expect(await new Api(page.request).list(), "the browser has sent nothing").toEqual([]);
      // Without its script, and without its own check, the browser sends it.
      await page.locator("form.start").evaluate((form) => (form as HTMLFormElement).submit());
      await expect(field).toHaveAccessibleDescription(/Please enter 1000 or less\./);
      await expect(field).toHaveValue("1001");
      expect(await new Api(page.request).list()).toEqual([]);
    });

    test("a choice that is none is refused", async ({ startPage, page }) => {
      await startPage.open("archive");
      const folder = startPage.field("Folder");
      await folder.evaluate((field) => {
        const option = (field as HTMLSelectElement).options[0];
        if (option !== undefined) [option.value, option.selected] = ["/root", true];
      });
      await startPage.submit.click();
      await expect(folder).toHaveAttribute("aria-invalid", "true");
      await expect(folder).toHaveAccessibleDescription(/Please choose one of these\./);
      expect(await new Api(page.request).list()).toEqual([]);
    });
  });
});

test.describe("a command with children that do not listen", () => {
  const commands = new Commands(
    `[commands.deep]
title = "Deep"
argv = ["sh", "{config_dir}/deep.sh"]
grace_s = 1
`,
    {
      // A child and a grandchild, deaf to TERM, and one in a session of its own.
      "deep.sh": `
deaf() { trap '' TERM HUP INT; while :; do sleep 0.2; done; }
(deaf & deaf) &
setsid sh -c "trap '' TERM HUP INT; while :; do sleep 0.2; done" &
echo "all at work"
deaf
`,
    },
  );
  test.use({ settings: commands.settings });

  test("is gone with all of them once the page says that it is cancelled", async ({ home, taskPage, page, server }) => {
    await home.open();
    const id = await new Api(page.request).start("deep", {});
    await taskPage.open(id);
    await expect(log(page)).toContainText("all at work", { timeout: 60_000 });
    const runs = join(server.dataFolder, "runs");
    const running = () => processesIn(runs).length;
    await expect.poll(running).toBeGreaterThanOrEqual(4);
    await taskPage.cancel.click();
    await expect(taskPage.status("Cancelled")).toBeVisible({ timeout: 30_000 });
    expect(running(), "processes that are left").toBe(0);
    await expect(taskPage.says("The owner asked to cancel")).toBeVisible();
  });
});
