/** A data profile, from the pasted text to its page. */

import { Api } from "../fixtures/api.ts";
import { expect, test } from "../fixtures/test.ts";

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

test("an empty text is refused at its field", async ({ startPage, page }) => {
  await startPage.open("dataset");
  await page.locator("form").evaluateAll((forms) => forms.forEach((form) => form.setAttribute("novalidate", "")));
  await startPage.startDataset("  \n ");
  await expect(startPage.dataField).toHaveAttribute("aria-invalid", "true");
  await expect(startPage.dataField).toHaveAccessibleDescription(/empty/i);
  expect(await new Api(page.request).list()).toEqual([]);
});
