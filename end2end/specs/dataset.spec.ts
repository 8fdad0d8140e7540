/** A data profile, from the pasted text or the chosen file to its page. */

import { gzipSync } from "node:zlib";

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const CATCH = ["harbour,boats,landed", ...Array.from({ length: 400 }, (_, row) => `${["Ost", "West", "Nord"][row % 3]},${row % 17},${(row * 7) % 101}.5`)].join("\n");

test("a text is profiled, column by column", async ({ home, startPage, taskPage, resultPage, page }) => {
  await home.open();
  await home.card("dataset").click();
  await startPage.startDataset(CATCH);
  const id = await taskPage.arrived();
  await expect(taskPage.status("Done")).toBeVisible();
  await taskPage.openResult.click();
  for (const column of ["harbour", "boats", "landed"]) {
    await expect(resultPage.text.getByText(column, { exact: true }).first()).toBeVisible();
  }
  await expect(resultPage.text).toContainText("400");
  const json = await page.request.get(`/api/v1/tasks/${id}/result`);
  expect(json.headers()["content-type"]).toContain("json");
  expect(JSON.stringify(await json.json())).toContain("harbour");
});

test("a row that is too long is told with its line", async ({ startPage, taskPage, resultPage }) => {
  await startPage.open("dataset");
  await startPage.startDataset("a,b\n1,2\n3,4,5\n6,7\n");
  await taskPage.arrived();
  await expect(taskPage.status("Done")).toBeVisible();
  await taskPage.openResult.click();
  await expect(resultPage.text).toContainText(/line 3/i);
});

test("a text of one line is a header without rows", async ({ startPage, taskPage, page }) => {
  await startPage.open("dataset");
  await startPage.startDataset("input");
  const id = await taskPage.arrived();
  await expect(taskPage.status("Done")).toBeVisible();
  expect((await new Api(page.request).task(id)).status).toBe("completed");
});

/** Numbers, days, a choice, and a key that is never twice the same. */
const ROWS = Array.from({ length: 5_000 }, (_, row) => `${row % 97};2024-0${(row % 9) + 1}-0${(row % 7) + 1};${["Ost", "West", "Nord"][row % 3]};key ${row}`);

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("a packed file is profiled, with a plot for each column that all can read", async ({ startPage, taskPage, resultPage, page }) => {
      await startPage.open("dataset");
      const buffer = gzipSync(["boats;day;harbour;key", ...ROWS].join("\n"));
      await startPage.file.setInputFiles({ name: "harbour.csv.gz", mimeType: "application/gzip", buffer });
      await startPage.submit.click();
      await taskPage.arrived();
      await expect(taskPage.status("Done")).toBeVisible();
      await taskPage.openResult.click();
      await expect(resultPage.text).toContainText("5,000 rows, 4 columns");
      await expect(resultPage.text).toContainText("separated by semicolons, read as UTF-8, unpacked from gzip");
      for (const [name, description] of [
        ["Histogram of boats", /values\.$/],
        ["Histogram of day", /2024-0/],
        ["Most frequent values of harbour", "Ost: 1,667; West: 1,667; Nord: 1,666"],
        ["Cells of key that have a value", "5,000 of 5,000 cells."],
      ] as const) {
        const plot = resultPage.text.getByRole("img", { name });
        await expect(plot).toBeVisible();
        await expect(plot.locator("desc")).toHaveText(description);
        // Drawn in the colours of the page, not in black on black.
        const bar = plot.locator("rect").last();
        expect((await bar.boundingBox())?.width).toBeGreaterThan(2);
        const [fill, ground] = await bar.evaluate((rect) => [getComputedStyle(rect).fill, getComputedStyle(document.body).backgroundColor]);
        expect(fill).not.toBe("rgb(0, 0, 0)");
        expect(fill).not.toBe(ground);
      }
      await expectAccessible(page);
      await page.setViewportSize({ width: 360, height: 740 });
      await expectNoSidewaysScroll(page);
      await expectAccessible(page);
    });
  });
}

test("a packed file that is cut fails and says why", async ({ startPage, taskPage, page }) => {
  await startPage.open("dataset");
  const packed = gzipSync(["boats;day;harbour;key", ...ROWS].join("\n"));
  await startPage.file.setInputFiles({ name: "cut.csv.gz", mimeType: "application/gzip", buffer: packed.subarray(0, packed.length - 100) });
  await startPage.submit.click();
  await taskPage.arrived();
  await expect(taskPage.status("Failed")).toBeVisible();
  await expect(page.getByRole("main")).toContainText(/cannot be read beyond line \d+: it breaks off/);
});

test.describe("a refusal, which the browser logs by itself", () => {
  test.use({ expectedErrors: answered(400) });

  test("an empty text is refused at its field", async ({ startPage, page }) => {
    await startPage.open("dataset");
    await page.locator("form").evaluateAll((forms) => forms.forEach((form) => form.setAttribute("novalidate", "")));
    await startPage.startDataset("  \n ");
    await expect(startPage.dataField).toHaveAttribute("aria-invalid", "true");
    await expect(startPage.dataField).toHaveAccessibleDescription(/fill this in|empty/i);
    expect(await new Api(page.request).list()).toEqual([]);
  });
});
