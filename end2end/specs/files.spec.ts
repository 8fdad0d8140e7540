/** Files in: uploaded by the page's script, and by the form alone. */

import { writeFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const ROWS = 60_000;
/** Some 1.3 MB: more than a text may have. */
const CSV = ["harbour,boats", ...Array.from({ length: ROWS }, (_, row) => `${["Ost", "West", "Nord"][row % 3]} number ${row},${row % 17}`)].join("\n");

/** The requests that send a body: their paths and their content types. */
function sent(page: Page): string[] {
  const seen: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && !request.url().includes("/api/fn/task")) {
      seen.push(`${new URL(request.url()).pathname} ${(request.headers()["content-type"] ?? "").split(";")[0]}`);
    }
  });
  return seen;
}

test("a chosen file is sent with its progress, and the task is started with it", async ({ startPage, taskPage, resultPage, page }, info) => {
  const file = info.outputPath("harbour.csv");
  await writeFile(file, CSV);
  const posts = sent(page);
  // Slow enough that the progress is seen.
  const network = await page.context().newCDPSession(page);
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 1_000_000 });
  await startPage.openAlive("dataset");
  await startPage.file.setInputFiles(file);
  await startPage.submit.click();
  await expect(startPage.page.getByRole("button", { name: /uploading… \d+ %/i })).toBeVisible();
  await taskPage.arrived();
  await expect(taskPage.status("Done")).toBeVisible();
  expect(posts).toEqual(["/api/v1/uploads text/csv", "/api/fn/start_task application/json"]);
  await taskPage.openResult.click();
  await expect(resultPage.text).toContainText("60,000");
  await expect(resultPage.text).toContainText("harbour.csv");
});

test("a file whose name is a trap is a name", async ({ startPage, taskPage, resultPage, page }) => {
  const name = "<img src=x onerror=document.title='caught'> ..%2F.csv";
  await startPage.open("dataset");
  await startPage.file.setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from("<b>a</b>\n<script>document.title='caught'</script>\n") });
  await startPage.submit.click();
  await taskPage.arrived();
  await expect(taskPage.status("Done")).toBeVisible();
  await taskPage.openResult.click();
  await expect(resultPage.text).toContainText(name);
  await expect(page).not.toHaveTitle(/^caught$/);
  await expect(page.locator("main img")).toHaveCount(0);
});

test.describe("with a small limit", () => {
  test.use({ settings: { MILEPOST_FILES_MAX_UPLOAD_BYTES: "1000" }, expectedErrors: answered(413) });

  test("a file that is too large is told beside the button, and the form stays", async ({ startPage, page }) => {
    await startPage.openAlive("dataset");
    await startPage.field(/name/i).fill("mine");
    await startPage.file.setInputFiles({ name: "large.csv", mimeType: "text/csv", buffer: Buffer.alloc(5_000, "a,b\n") });
    await startPage.submit.click();
    await expect(page.getByRole("alert")).toContainText("1000 bytes");
    await expect(startPage.field(/name/i)).toHaveValue("mine");
    await expect(startPage.submit).toHaveText("Start");
    expect(await new Api(page.request).list()).toEqual([]);
  });
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the form sends the file itself", async ({ startPage, taskPage, resultPage, page }, info) => {
    const file = info.outputPath("harbour.csv");
    await writeFile(file, CSV);
    const posts = sent(page);
    await startPage.open("dataset");
    await startPage.file.setInputFiles(file);
    await startPage.submit.click();
    await taskPage.arrived();
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    expect(posts).toEqual(["/start/dataset multipart/form-data"]);
    await taskPage.openResult.click();
    await expect(resultPage.text).toContainText("60,000");
  });

  test("a text still goes without a file", async ({ startPage, taskPage }) => {
    await startPage.open("dataset");
    await startPage.startDataset("a,b\n1,2\n");
    await taskPage.arrived();
    await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
  });

  test.describe("with a small limit", () => {
    test.use({ settings: { MILEPOST_FILES_MAX_UPLOAD_BYTES: "1000" }, expectedErrors: answered(413) });

    test("a file that is too large is told at its field", async ({ startPage }) => {
      await startPage.open("dataset");
      await startPage.field(/name/i).fill("mine");
      await startPage.file.setInputFiles({ name: "large.csv", mimeType: "text/csv", buffer: Buffer.alloc(5_000, "a,b\n") });
      await startPage.submit.click();
      await expect(startPage.file).toHaveAttribute("aria-invalid", "true");
      await expect(startPage.file).toHaveAccessibleDescription(/1000 bytes/);
    });
  });

  test.describe("a refusal, which the browser logs by itself", () => {
    test.use({ expectedErrors: answered(400) });

    test("after a mistake elsewhere the file need not be sent again", async ({ startPage, taskPage, page }) => {
      await startPage.open("dataset");
      await startPage.dataField.fill("a\n1\n");
      await startPage.file.setInputFiles({ name: "b.csv", mimeType: "text/csv", buffer: Buffer.from("b\n1\n2\n") });
      await startPage.submit.click();
      await expect(startPage.file).toHaveAccessibleDescription(/not both/);
      await expect(page.getByText("A file is uploaded already")).toBeVisible();
      await startPage.dataField.fill("");
      await startPage.submit.click();
      await taskPage.arrived();
      await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
    });
  });
});
